# Debian's redis-py against the Unix socket given: what everybody does with it. Prints `ok` or ends with a traceback.

import sys

import redis

path = sys.argv[1]
client = redis.Redis(unix_socket_path=path, client_name="test", socket_timeout=10)
client.flushdb()

assert client.ping() is True
assert client.get("none") is None
assert client.set("greeting", "hello") is True
assert client.get("greeting") == b"hello"
assert client.set("greeting", b"\x00\xff", ex=100) is True
assert client.get("greeting") == b"\x00\xff"
assert 99 <= client.ttl("greeting") <= 100
assert client.set("greeting", "x", nx=True) is None
assert client.getex("greeting", persist=True) == b"\x00\xff"
assert client.ttl("greeting") == -1
assert client.mset({"m1": "1", "m2": "2"}) is True
assert client.mget("m1", "none", "m2") == [b"1", None, b"2"]
assert client.incr("count", 5) == 5
assert client.incrbyfloat("ratio", 0.5) == 0.5
assert client.append("m1", "0") == 2
assert client.getrange("m1", 0, -1) == b"10"
assert client.exists("m1", "m2", "none") == 2
assert client.expire("m1", 50) is True
assert client.delete("m1", "none") == 1

with client.pipeline(transaction=False) as pipe:
    for i in range(500):
        pipe.set(f"piped:{i:03}", i)
    assert pipe.execute() == [True] * 500
assert sorted(client.scan_iter("piped:*", count=20)) == [f"piped:{i:03}".encode() for i in range(500)]

with client.pipeline(transaction=True) as pipe:
    assert pipe.set("queued", 1).incr("queued").get("queued").execute() == [True, 2, b"2"]


def increment(pipe):
    value = int(pipe.get("count"))
    pipe.multi()
    pipe.set("count", value + 1)


assert client.transaction(increment, "count") == [True]
assert client.get("count") == b"6"

other = redis.Redis(unix_socket_path=path)
with client.pipeline() as pipe:
    pipe.watch("count")
    other.set("count", 100)
    pipe.multi()
    pipe.set("count", 7)
    try:
        pipe.execute()
        raise AssertionError("a watched key was written, and the transaction went through")
    except redis.WatchError:
        pass

subscriber = client.pubsub()
subscriber.subscribe("news")
subscriber.psubscribe("n*")
assert subscriber.get_message(timeout=5)["type"] == "subscribe"
assert subscriber.get_message(timeout=5)["type"] == "psubscribe"
assert other.publish("news", "hi") == 2
heard = sorted((subscriber.get_message(timeout=5) for _ in range(2)), key=lambda one: one["type"])
assert [(one["type"], one["data"]) for one in heard] == [("message", b"hi"), ("pmessage", b"hi")]
subscriber.close()

assert other.client_kill_filter(_id=client.client_id()) == 1
assert client.get("count") == b"100"

try:
    client.execute_command("NONSENSE")
    raise AssertionError("nonsense was answered")
except redis.ResponseError as error:
    assert "unknown command" in str(error), error
assert client.info("server")["redis_version"]
assert any(one["name"] == "test" for one in client.client_list())

print("ok")
