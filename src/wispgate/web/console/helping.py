"""The page of help: keyboard, words of the trade, how to ask."""

from django.http import HttpResponse

from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import GLOSSARY


@page(of_operator=False)
def help_page(visit: Visit) -> HttpResponse:
    return show(visit, "help.html", title="Help", glossary=sorted(GLOSSARY.items()))
