"""How staff come in and stay in: passwords, second factors, sign-on by a provider, sessions.

`web` shows the pages and speaks HTTP; what may be believed, and what is remembered, stands here.
"""
