import socket

from dashboard.sockets import send_at_once


def listening() -> socket.socket:
    """A socket made as Streamlit makes its own: without the protocol's name."""
    made = socket.socket(socket.AF_INET)
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def test_connections_to_a_listening_socket_wait_for_no_acknowledgement() -> None:
    with listening() as server:
        assert send_at_once() >= 1
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_the_sockets_stay_open_and_others_are_left_alone() -> None:
    with listening() as server, socket.create_connection(server.getsockname()) as other:
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        send_at_once()
        assert other.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
        accepted, _ = server.accept()
        with accepted:
            other.sendall(b"still here")
            assert accepted.recv(100) == b"still here"
