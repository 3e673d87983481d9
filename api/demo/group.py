"""The invented group of the demo: its units and staff, and the matters that customers bring to it."""

from __future__ import annotations

from typing import NamedTuple

from domain.case.events import CaseKind, PauseGround
from domain.channel import Channel
from domain.envelope import Actor, ActorKind

BOOK = "demo"
ZONE = "Asia/Shanghai"

GROUP = "集团 Group"
HOTLINE = "集团客服中心 Group hotline"
DESK, FIELD, BILLING = "客户服务处 service desk", "工程部 field crew", "账务组 billing"
DEPARTMENTS = (DESK, FIELD, BILLING)


class Branch(NamedTuple):
    """A branch of the group (分部), with its staff by department."""

    name: str
    staff: dict[str, tuple[str, ...]]

    def unit(self, department: str) -> str:
        """The name of one of its departments."""
        return f"{self.name} · {department}"


BRANCHES = (
    Branch(
        "北京分部 Beijing",
        {DESK: ("王芳", "李建国", "Hannah Weiss"), FIELD: ("赵铁柱", "孙志强"), BILLING: ("周敏", "Tomás Vega")},
    ),
    Branch(
        "上海分部 Shanghai",
        {DESK: ("陈静", "沈嘉怡", "Marek Dvořák"), FIELD: ("钱伟", "吴海涛"), BILLING: ("郑丽华", "Grace Okafor")},
    ),
    Branch(
        "广州分部 Guangzhou",
        {DESK: ("黄晓琳", "梁国栋", "Sofía Peña"), FIELD: ("冯大勇", "何俊杰"), BILLING: ("罗婉仪", "Ian Mackay")},
    ),
)
HEADS = {"北京分部 Beijing": "马建军", "上海分部 Shanghai": "许文静", "广州分部 Guangzhou": "Carlos Lim"}
"""Who heads which branch."""
MANAGERS = ("何志远", "Beatriz Souza", "苏曼")
"""Who manages key accounts in which branch, in their order."""
SUCCESSOR = "邱然"
"""Who manages those of the first branch when their manager has left."""
INSPECTOR = "沈复"
QUALITY = "质检组 quality desk"
"""What it is called when the year begins."""
QUALITY_OFFICE = "质量监督部 quality office"
"""What it is called later."""
AGENTS = ("刘洋", "张雪", "杨帆", "Priya Nair", "郭磊", "Elena Rossi")
"""Those who answer the hotline."""


REGISTRAR = Actor("records office", ActorKind.SYSTEM, unit=GROUP)


def agent(name: str, unit: str) -> Actor:
    """A member of staff at work in a unit."""
    return Actor(name, ActorKind.PERSON, unit=unit, role="agent")


def head(branch: Branch) -> Actor:
    """The head of a branch, who decides what others ask for."""
    return Actor(HEADS[branch.name], ActorKind.PERSON, unit=branch.name, role="supervisor")


class Matter(NamedTuple):
    """Something that customers come about, and how long it takes."""

    category: str
    subcategory: str
    symptom: str | None
    kinds: dict[CaseKind, int]
    """How often it comes as which kind, relative to one another."""
    department: str
    """Where it belongs."""
    hours: float
    """The work it usually takes."""
    waits_for: tuple[PauseGround, ...]
    chinese: tuple[str, ...]
    english: tuple[str, ...]


COMPLAINT, REQUEST, INQUIRY = CaseKind.COMPLAINT, CaseKind.REQUEST, CaseKind.INQUIRY
MATTERS = (
    Matter(
        "broadband", "outage", "no signal", {COMPLAINT: 5, REQUEST: 4}, FIELD, 9,
        (PauseGround.VENDOR, PauseGround.CUSTOMER),
        ("昨晚起宽带一直断线，重启光猫也没有用。", "整栋楼都没有网络，孩子无法上网课，请尽快处理。"),
        ("The line has been dead since last night; restarting the box changes nothing.",
         "Nobody in our building is online. When will it be back?"),
    ),
    Matter(
        "broadband", "slow", "below contract", {COMPLAINT: 4, REQUEST: 2, INQUIRY: 1}, FIELD, 20,
        (PauseGround.CUSTOMER, PauseGround.PROBLEM),
        ("签的是五百兆，测速只有四十兆。", "晚上看视频总是卡顿，白天正常。"),
        ("We pay for 500 Mbit/s and measure 40.", "Every evening the picture freezes; by day all is well."),
    ),
    Matter(
        "billing", "overcharged", "charged twice", {COMPLAINT: 6, INQUIRY: 3}, BILLING, 14,
        (PauseGround.EVIDENCE, PauseGround.THIRD_PARTY),
        ("上个月的账单扣了两次，请退还。", "已经取消的套餐还在继续收费。"),
        ("Last month's bill was taken from my account twice.", "I am still charged for a plan that I cancelled."),
    ),
    Matter(
        "billing", "invoice", None, {REQUEST: 5, INQUIRY: 4}, BILLING, 4,
        (PauseGround.CUSTOMER,),
        ("请开具公司抬头的增值税发票。", "发票上的公司名称写错了，需要重开。"),
        ("Please issue the invoice to our company's name.", "The tax number on the invoice is wrong."),
    ),
    Matter(
        "installation", "late visit", "nobody came", {COMPLAINT: 5, REQUEST: 1}, FIELD, 16,
        (PauseGround.CUSTOMER, PauseGround.VENDOR),
        ("预约了上午安装，等了一天没有人来。", "安装师傅改了三次时间，太不守信用。"),
        ("I took the day off for the installation and nobody came.", "The visit has been moved three times."),
    ),
    Matter(
        "installation", "new line", None, {REQUEST: 6, INQUIRY: 2}, FIELD, 30,
        (PauseGround.CUSTOMER, PauseGround.VENDOR),
        ("新办公室需要三条专线。", "搬家了，想把宽带移到新地址。"),
        ("Our new office needs three lines.", "We have moved; please move the line as well."),
    ),
    Matter(
        "conduct", "rude", None, {COMPLAINT: 3, CaseKind.PRAISE: 3}, DESK, 22,
        (PauseGround.EVIDENCE,),
        ("柜台人员态度很差，话没说完就走开了。", "工程师很有耐心，特此表扬。"),
        ("The person at the counter walked off in mid-sentence.", "Your engineer was patient and kind; thank you."),
    ),
    Matter(
        "contract", "cancellation", "fee disputed", {COMPLAINT: 4, INQUIRY: 3}, DESK, 26,
        (PauseGround.CUSTOMER, PauseGround.EVIDENCE),
        ("合同到期后自动续约，没有人通知我。", "解约被要求支付违约金，合同里没有写。"),
        ("The contract renewed itself and nobody told me.", "You ask for a fee that the contract does not name."),
    ),
    Matter(
        "service", "idea", None, {CaseKind.SUGGESTION: 5, INQUIRY: 3}, DESK, 6,
        (PauseGround.THIRD_PARTY,),
        ("建议在手机上显示维修人员的位置。", "希望营业厅周末延长开放时间。"),
        ("Show on the phone where the engineer is.", "Please keep the counters open later at the weekend."),
    ),
    Matter(
        "internal", "hand-over", "papers missing", {CaseKind.INTERNAL: 4}, DESK, 12,
        (PauseGround.THIRD_PARTY,),
        ("移交的工单缺少现场照片。", "上月的结算单尚未收到。"),
        ("The work order came without the pictures.", "Last month's settlement has not arrived."),
    ),
)  # fmt: skip

CHANNELS = {
    Channel.HOTLINE: 40, Channel.WECHAT: 16, Channel.WEB: 12, Channel.COUNTER: 9, Channel.EMAIL: 8, Channel.CHAT: 6,
    Channel.LETTER: 4, Channel.SMS: 3, Channel.QQ: 1, Channel.SOCIAL: 1,
}  # fmt: skip
"""How often customers come by which channel, relative to one another."""

MEDIA = {
    Channel.HOTLINE: "hotline 1", Channel.WECHAT: "service account", Channel.WEB: "contact form",
    Channel.COUNTER: "counter 2", Channel.EMAIL: "service mailbox", Channel.CHAT: "site chat",
    Channel.SMS: "short code",
}  # fmt: skip

RETURNS = ("belongs to another unit", "address is missing", "not our line")
TRANSFERS = ("needs a visit", "needs the account's history", "the customer has moved")
WITHDRAWALS = ("settled by itself", "the customer has moved away", "asked by mistake")
REJECTIONS = ("too little", "too late", "wants an apology as well")
ESCALATIONS = ("no progress", "the customer asks for a superior", "several neighbours complain")
WAITS = ("road works in front of the building", "the customer is abroad", "a court decides first")
FINDINGS = ("wrong entry in the account", "cable damaged", "visit not passed on", "rule not known")
PARTS = ("the fault itself", "refund of the days without service")
BODIES = ("消费者协会 Consumers' Association", "仲裁委员会 Arbitration Commission")
REOPENINGS = ("the fault came back", "the refund has not arrived", "the customer does not agree")
ANSWERS = {
    "zh": ("您好，已收到您的反映，我们正在处理。", "感谢您的耐心等待，已为您处理完毕。"),
    "en": ("We have your message and are looking into it.", "Thank you for waiting; this is now settled."),
}
"""What the company says first, and at the end."""
