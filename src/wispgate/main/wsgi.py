"""What gunicorn serves. `main.django.setup` has run before this module is imported."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
