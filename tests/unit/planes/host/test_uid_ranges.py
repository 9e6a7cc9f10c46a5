"""Planes of one machine give their jobs uids of their own."""

from planes.host.building import uid_range


def test_known_planes_share_no_uid() -> None:
    first, second = uid_range("us1"), uid_range("eu1")

    assert set(range(first[0], sum(first))).isdisjoint(range(second[0], sum(second)))


def test_range_of_a_plane_stays() -> None:
    assert uid_range("ap3") == uid_range("ap3")
    assert uid_range("ap3")[0] > sum(uid_range("eu1"))
