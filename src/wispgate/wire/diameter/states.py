"""The peer's state machine of RFC 6733 section 5.6 as one table, and the diagram made from it.

Rules of the table:

1. There may be two connections to one remote node: I, which we opened, and R, which it opened.
   An input says on which of them something happened; an action says on which to do something.
2. A pair (state, input) that is not in the table is an error of the other side: the connection
   on which it came is closed.
3. An election (section 5.6.4) decides when both exist. It is held when our CER is out and theirs
   is there; winning it is an input like any other, losing it is waiting for the answer to ours.
4. Rows marked * are ours: the RFC leaves open what happens to late traffic while closing, and to a
   second CER on an open connection, which we refuse with 5012 and otherwise survive.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class State(StrEnum):
    CLOSED = "Closed"
    WAIT_CONN_ACK = "Wait-Conn-Ack"
    WAIT_I_CEA = "Wait-I-CEA"
    WAIT_CONN_ACK_ELECT = "Wait-Conn-Ack/Elect"
    WAIT_RETURNS = "Wait-Returns"
    R_OPEN = "R-Open"
    I_OPEN = "I-Open"
    CLOSING = "Closing"


class Input(StrEnum):
    START = "Start"
    R_CONN_CER = "R-Conn-CER"
    I_RCV_CONN_ACK = "I-Rcv-Conn-Ack"
    I_RCV_CONN_NACK = "I-Rcv-Conn-Nack"
    I_RCV_CEA = "I-Rcv-CEA"
    I_RCV_NON_CEA = "I-Rcv-Non-CEA"
    I_PEER_DISC = "I-Peer-Disc"
    R_PEER_DISC = "R-Peer-Disc"
    WIN_ELECTION = "Win-Election"
    SEND_MESSAGE = "Send-Message"
    I_RCV_MESSAGE = "I-Rcv-Message"
    R_RCV_MESSAGE = "R-Rcv-Message"
    I_RCV_CER = "I-Rcv-CER"
    R_RCV_CER = "R-Rcv-CER"
    I_RCV_DWR = "I-Rcv-DWR"
    R_RCV_DWR = "R-Rcv-DWR"
    I_RCV_DWA = "I-Rcv-DWA"
    R_RCV_DWA = "R-Rcv-DWA"
    I_RCV_DPR = "I-Rcv-DPR"
    R_RCV_DPR = "R-Rcv-DPR"
    I_RCV_DPA = "I-Rcv-DPA"
    R_RCV_DPA = "R-Rcv-DPA"
    STOP = "Stop"
    TIMEOUT = "Timeout"


class Action(StrEnum):
    I_SND_CONN_REQ = "I-Snd-Conn-Req"
    I_SND_CER = "I-Snd-CER"
    PROCESS_CEA = "Process-CEA"
    R_ACCEPT = "R-Accept"
    R_REJECT = "R-Reject"
    PROCESS_CER = "Process-CER"
    REFUSE_CER = "Refuse-CER"
    R_SND_CEA = "R-Snd-CEA"
    ELECT = "Elect"
    SND_MESSAGE = "Snd-Message"
    PROCESS = "Process"
    PROCESS_DWR = "Process-DWR"
    SND_DWA = "Snd-DWA"
    PROCESS_DWA = "Process-DWA"
    SND_DPR = "Snd-DPR"
    SND_DPA = "Snd-DPA"
    I_DISC = "I-Disc"
    R_DISC = "R-Disc"
    CLEANUP = "Cleanup"
    ERROR = "Error"


class Transition(NamedTuple):
    actions: tuple[Action, ...]
    next_state: State


def _to(next_state: State, *actions: Action) -> Transition:
    return Transition(actions, next_state)


def _open_rows(state: State, side: str) -> dict[tuple[State, Input], Transition]:
    """R-Open and I-Open have the same rows, each for its own connection."""
    disconnect = Action(f"{side}-Disc")
    return {
        (state, Input.SEND_MESSAGE): _to(state, Action.SND_MESSAGE),
        (state, Input(f"{side}-Rcv-Message")): _to(state, Action.PROCESS),
        (state, Input(f"{side}-Rcv-DWR")): _to(state, Action.PROCESS_DWR, Action.SND_DWA),
        (state, Input(f"{side}-Rcv-DWA")): _to(state, Action.PROCESS_DWA),
        (state, Input(f"{side}-Rcv-CER")): _to(state, Action.REFUSE_CER),  # *
        (state, Input.R_CONN_CER): _to(state, Action.R_REJECT),
        (state, Input.STOP): _to(State.CLOSING, Action.SND_DPR),
        (state, Input(f"{side}-Rcv-DPR")): _to(State.CLOSING, Action.SND_DPA),
        (state, Input(f"{side}-Peer-Disc")): _to(State.CLOSED, disconnect),
        (state, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),  # *: the watchdog gave up
    }


def _closing_rows(side: str) -> dict[tuple[State, Input], Transition]:
    disconnect = Action(f"{side}-Disc")
    return {
        (State.CLOSING, Input(f"{side}-Rcv-DPA")): _to(State.CLOSED, disconnect),
        (State.CLOSING, Input(f"{side}-Peer-Disc")): _to(State.CLOSED, disconnect),
        (State.CLOSING, Input(f"{side}-Rcv-Message")): _to(State.CLOSING, Action.PROCESS),  # *
        (State.CLOSING, Input(f"{side}-Rcv-DWR")): _to(
            State.CLOSING, Action.PROCESS_DWR, Action.SND_DWA
        ),  # *
        (State.CLOSING, Input(f"{side}-Rcv-DWA")): _to(State.CLOSING, Action.PROCESS_DWA),  # *
        (State.CLOSING, Input(f"{side}-Rcv-DPR")): _to(State.CLOSING, Action.SND_DPA),  # *
    }


TABLE: Final[dict[tuple[State, Input], Transition]] = {
    (State.CLOSED, Input.START): _to(State.WAIT_CONN_ACK, Action.I_SND_CONN_REQ),
    (State.CLOSED, Input.R_CONN_CER): _to(
        State.R_OPEN, Action.R_ACCEPT, Action.PROCESS_CER, Action.R_SND_CEA
    ),
    (State.WAIT_CONN_ACK, Input.I_RCV_CONN_ACK): _to(State.WAIT_I_CEA, Action.I_SND_CER),
    (State.WAIT_CONN_ACK, Input.I_RCV_CONN_NACK): _to(State.CLOSED, Action.CLEANUP),
    (State.WAIT_CONN_ACK, Input.R_CONN_CER): _to(
        State.WAIT_CONN_ACK_ELECT, Action.R_ACCEPT, Action.PROCESS_CER
    ),
    (State.WAIT_CONN_ACK, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),
    (State.WAIT_I_CEA, Input.I_RCV_CEA): _to(State.I_OPEN, Action.PROCESS_CEA),
    (State.WAIT_I_CEA, Input.R_CONN_CER): _to(
        State.WAIT_RETURNS, Action.R_ACCEPT, Action.PROCESS_CER, Action.ELECT
    ),
    (State.WAIT_I_CEA, Input.I_PEER_DISC): _to(State.CLOSED, Action.I_DISC),
    (State.WAIT_I_CEA, Input.I_RCV_NON_CEA): _to(State.CLOSED, Action.ERROR),
    (State.WAIT_I_CEA, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),
    (State.WAIT_CONN_ACK_ELECT, Input.I_RCV_CONN_ACK): _to(
        State.WAIT_RETURNS, Action.I_SND_CER, Action.ELECT
    ),
    (State.WAIT_CONN_ACK_ELECT, Input.I_RCV_CONN_NACK): _to(State.R_OPEN, Action.R_SND_CEA),
    (State.WAIT_CONN_ACK_ELECT, Input.R_PEER_DISC): _to(State.WAIT_CONN_ACK, Action.R_DISC),
    (State.WAIT_CONN_ACK_ELECT, Input.R_CONN_CER): _to(State.WAIT_CONN_ACK_ELECT, Action.R_REJECT),
    (State.WAIT_CONN_ACK_ELECT, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),
    (State.WAIT_RETURNS, Input.WIN_ELECTION): _to(State.R_OPEN, Action.I_DISC, Action.R_SND_CEA),
    (State.WAIT_RETURNS, Input.I_PEER_DISC): _to(State.R_OPEN, Action.I_DISC, Action.R_SND_CEA),
    (State.WAIT_RETURNS, Input.I_RCV_NON_CEA): _to(
        State.R_OPEN, Action.I_DISC, Action.R_SND_CEA
    ),  # *: as if the other side had closed it
    (State.WAIT_RETURNS, Input.I_RCV_CEA): _to(State.I_OPEN, Action.R_DISC, Action.PROCESS_CEA),
    (State.WAIT_RETURNS, Input.R_PEER_DISC): _to(State.WAIT_I_CEA, Action.R_DISC),
    (State.WAIT_RETURNS, Input.R_CONN_CER): _to(State.WAIT_RETURNS, Action.R_REJECT),
    (State.WAIT_RETURNS, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),
    **_open_rows(State.R_OPEN, "R"),
    **_open_rows(State.I_OPEN, "I"),
    **_closing_rows("I"),
    **_closing_rows("R"),
    (State.CLOSING, Input.SEND_MESSAGE): _to(State.CLOSING, Action.SND_MESSAGE),  # * answers
    (State.CLOSING, Input.R_CONN_CER): _to(State.CLOSING, Action.R_REJECT),  # *
    (State.CLOSING, Input.TIMEOUT): _to(State.CLOSED, Action.ERROR),
}


def decide_election(ours: str, theirs: str) -> bool:
    """Whether we win: our Origin-Host is the greater string of octets, ASCII case folded.

    The winner keeps the connection that the other side opened (RFC 6733 section 5.6.4).
    """
    return ours.encode().lower() > theirs.encode().lower()


def list_transitions() -> list[tuple[State, Input, tuple[Action, ...], State]]:
    """The rows in the order of the table."""
    return [(s, i, row.actions, row.next_state) for (s, i), row in TABLE.items()]


def diagram() -> str:
    """The table as a Mermaid state diagram for the documents. Rows that stay are left out."""
    lines = ["stateDiagram-v2"]
    names = {state: state.name for state in State}
    lines += [f'    state "{state}" as {names[state]}' for state in State]
    lines.append(f"    [*] --> {names[State.CLOSED]}")
    for state, event, _, next_state in list_transitions():
        if state is not next_state:
            lines.append(f"    {names[state]} --> {names[next_state]} : {event}")
    return "\n".join(lines) + "\n"


def table_as_markdown() -> str:
    """The table for the documents: state, event, actions, next state."""
    lines = ["| state | event | actions | next state |", "| --- | --- | --- | --- |"]
    for state, event, actions, next_state in list_transitions():
        lines.append(f"| {state} | {event} | {', '.join(actions)} | {next_state} |")
    return "\n".join(lines) + "\n"
