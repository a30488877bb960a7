"""Explicit codecs of the commands that come by the thousand: CCR of Gy and Gx, AIR, ULR and PUR.

They read what their network function needs from one unpack of the message, and write answers from
prebuilt octets. What is in any way unusual they leave to the generic codec: a decoder gives None,
and `message.decode_message` with `validation.check_request` then says what is wrong, if anything.
"""
