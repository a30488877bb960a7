"""Run in a process of its own: python-diameter as an MME that asks once.

`python python_diameter_client.py PORT HOST REALM IMSI` prints the result code of the answer.
"""

import sys
from typing import Any

from diameter.message import Avp
from diameter.message.commands import AuthenticationInformationRequest
from diameter.message.constants import APP_3GPP_S6A_S6D, VENDOR_TGPP
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication


def main() -> None:
    port, host, realm, imsi = sys.argv[1:5]
    node = Node("mme.epc.test", realm, ip_addresses=["127.0.0.1"], vendor_ids=[VENDOR_TGPP])
    peer = node.add_peer(
        f"aaa://hss.epc.test:{port};transport=tcp", realm, ip_addresses=["127.0.0.1"],
        is_persistent=True,
    )  # fmt: skip
    application = SimpleThreadingApplication(
        APP_3GPP_S6A_S6D, is_auth_application=True, request_handler=refuse
    )
    node.add_application(application, [peer])
    node.start()
    try:
        application.wait_for_ready(timeout=20)
        answer = application.send_request(an_air(node, host, realm, imsi), timeout=20)
        print([avp.value for avp in answer.avps if avp.code == 268])  # noqa: T201 (what the test reads)
    finally:
        node.stop(wait_timeout=5)


def an_air(node: Any, host: str, realm: str, imsi: str) -> Any:
    request = AuthenticationInformationRequest()
    request.header.application_id = APP_3GPP_S6A_S6D
    wanted = Avp.new(1408, VENDOR_TGPP, value=[Avp.new(1410, VENDOR_TGPP, value=1)])
    for avp in (
        Avp.new(263, value=node.session_generator.next_id()),
        Avp.new(277, value=1),
        Avp.new(264, value=node.origin_host.encode()),
        Avp.new(296, value=node.realm_name.encode()),
        Avp.new(1, value=imsi),
        wanted,
        Avp.new(1407, VENDOR_TGPP, value=bytes.fromhex("00f110")),
    ):
        request.append_avp(avp)
    # It routes by these two attributes, and encodes them.
    request.destination_host, request.destination_realm = host.encode(), realm.encode()
    return request


def refuse(_application: Any, _message: Any) -> None:
    raise AssertionError("nobody asks an MME anything here")


if __name__ == "__main__":
    main()
