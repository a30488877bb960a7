"""Sending mail, where a mail server is configured. Only the worker does; it has the time."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog

if TYPE_CHECKING:  # the command line imports this module where Django is not set up
    from wispgate.business.login.services.passwords import Mail

_SECONDS = 20
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_log = structlog.get_logger("mail")


def send(mail: "Mail", *, server: str, sender: str) -> bool:
    """Hands a mail to the server; whether it took it. What went wrong is logged, without the text:
    a link in it lets somebody in."""
    if not server or not sender:
        _log.info("no mail server is configured: a mail was not sent", subject=mail.subject)
        return False
    try:
        with _connection(server) as connection:
            connection.send_message(_message(mail, sender))
    except (OSError, smtplib.SMTPException) as error:
        _log.warning("a mail was not taken", subject=mail.subject, error=type(error).__name__)
        return False
    return True


def _connection(server: str) -> smtplib.SMTP:
    parts = urlsplit(server)
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, port, timeout=_SECONDS)
        if parts.scheme == "smtp":
            connection.starttls(context=context)
    if parts.username:
        connection.login(unquote(parts.username), unquote(parts.password or ""))
    return connection


def _message(mail: "Mail", sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, mail.to, mail.subject
    message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid()
    message.set_content(mail.text)
    return message
