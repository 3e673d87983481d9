"""The customers of the demo: people and organisations with Chinese and Latin names, none of them real."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid5

from api.demo.group import ZONE
from domain.customer import (
    AssignTier,
    ContactKind,
    CustomerCommand,
    CustomerKind,
    RecordContact,
    RegisterCustomer,
    Tier,
)
from domain.personal import Personal

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = (
    "伟",
    "芳",
    "秀英",
    "娜",
    "敏",
    "静",
    "建国",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "晓明",
    "思远",
    "雨桐",
    "子涵",
)
FIRST = ("Anna", "José", "Zoë", "Liam", "Chloé", "Søren", "Ngọc", "Oluwaseun", "Mateusz", "Ingrid", "Yusuf", "Caitlín")
LAST = ("Kowalska", "García", "Müller", "O'Brien", "Lefèvre", "Østergaard", "Nguyễn", "Adeyemi", "Novák", "Kaya")
COMPANIES = (
    "蓝桥建筑设计事务所", "东湖小学", "晨光印务", "海角咖啡", "城南物业", "Harbour Lane Hotel", "Kessler Optik",
    "Two Rivers Clinic", "Atelier Brûlé", "Northgate Logistics",
)  # fmt: skip
CITIES = ("北京", "上海", "广州")
RULES = "tiers 1"


class Person(NamedTuple):
    """A customer, and the branch they belong to (its place in the list)."""

    customer_id: UUID
    number: int
    kind: CustomerKind
    name: str
    language: str
    branch: int
    known_before: bool
    """Whether they were a customer before the year began."""


def person(number: int, namespace: UUID, random: Random) -> Person:
    """The customer with this number, from 0."""
    organisation = random.random() < 0.12
    chinese = random.random() < 0.7
    if organisation:
        name = f"{random.choice(COMPANIES)} {number % 97 + 1}"
    elif chinese:
        name = random.choice(SURNAMES) + random.choice(GIVEN)
    else:
        name = f"{random.choice(FIRST)} {random.choice(LAST)}"
    return Person(
        uuid5(namespace, f"customer {number}"),
        number,
        CustomerKind.ORGANISATION if organisation else CustomerKind.PERSON,
        name,
        "zh-Hans-CN" if chinese else "en",
        random.randrange(3),
        organisation or random.random() < 0.2,
    )


def registration(person: Person, at: datetime) -> list[CustomerCommand]:
    """Their file and how to reach them, as first written down."""
    subject = person.customer_id

    def contact(kind: ContactKind, value: str) -> RecordContact:
        return RecordContact(at=at, zone=ZONE, customer_id=subject, kind=kind, value=Personal.open(subject, value))

    number = person.number
    commands: list[CustomerCommand] = [
        RegisterCustomer(
            at=at,
            zone=ZONE,
            customer_id=subject,
            kind=person.kind,
            name=Personal.open(subject, person.name),
            source_key=f"K{number + 10_001}",
            language=person.language,
        ),
        contact(ContactKind.PHONE, f"+86 10 5550 {number % 10_000:04d}"),
    ]
    if number % 3 == 0:
        commands.append(contact(ContactKind.EMAIL, f"customer{number + 10_001}@example.com"))
    if number % 4 == 0:
        commands.append(contact(ContactKind.WECHAT, f"wx_{number + 10_001}"))
    if person.kind is CustomerKind.ORGANISATION:
        commands.append(contact(ContactKind.ADDRESS, f"{CITIES[person.branch]}市示例路 {number % 200 + 1} 号"))
    return commands


def tier(person: Person, at: datetime, random: Random) -> AssignTier:
    """The tier in which a yearly or half-yearly review puts them."""
    weights = {Tier.KEY: 3, Tier.GOLD: 4, Tier.SILVER: 3} if person.kind is CustomerKind.ORGANISATION else {
        Tier.GOLD: 1, Tier.SILVER: 3, Tier.STANDARD: 6,
    }  # fmt: skip
    (chosen,) = random.choices(list(weights), list(weights.values()))
    return AssignTier(at=at, zone=ZONE, customer_id=person.customer_id, tier=chosen, rule_version=RULES)
