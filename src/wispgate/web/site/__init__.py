"""What all faces share: login, the scope of a request, health and metrics, the style sheet."""
