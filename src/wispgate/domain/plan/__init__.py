"""What a customer bought, compiled to one value that policy, charging and billing share."""
