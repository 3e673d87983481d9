"""What every value of an enumeration means, for the reader of the schema.

The domain has a sentence beneath a member where its name does not say it all; a schema has one for each value, and what
the domain leaves to the name, or says in words of its own source, stands here.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import pairwise
from types import MappingProxyType

Sentences = Mapping[str, str]

VALUES: Mapping[str, Sentences] = MappingProxyType({
    "ActorKind": {
        "PERSON": "Somebody, under the name that they work by.",
        "SYSTEM": "A program that acts by itself.",
        "ALARM": "The clock that notes what is due.",
        "IMPORT": "The import of a history from elsewhere.",
    },
    "AmendmentKind": {
        "CORRECTION": "That an event be read otherwise.",
        "VOID": "That an event count no longer.",
    },
    "AmendmentState": {
        "REQUESTED": "Nobody has decided yet.",
        "APPROVED": "It holds.",
        "DECLINED": "It was turned down, and changes nothing.",
    },
    "BookTime": {"LIVE": "The ledger's own: what is recorded is recorded now."},
    "CaseKind": {
        "COMPLAINT": "Somebody is not content and expects an answer (投诉).",
        "REQUEST": "Something is to be done.",
        "INQUIRY": "Something is to be explained (咨询).",
        "SUGGESTION": "Something could be better (建议).",
        "PRAISE": "Something was good (表扬).",
    },
    "CaseRelation": {"RELATED": "It has to do with the other one."},
    "CaseStatus": {
        "RECEIVED": "It has come in, and has no number yet.",
        "REGISTERED": "It has its number, and nobody has begun work on it (登记).",
        "IN_PROGRESS": "Somebody works on it.",
        "RESOLVED": "It has its outcome (办结).",
        "CLOSED": "Nothing more is to be done (闭环).",
    },
    "Channel": {
        "HOTLINE": "By telephone.",
        "COUNTER": "At the counter.",
        "SITE_VISIT": "Where the customer is.",
        "SMS": "By text message.",
        "EMAIL": "By e-mail.",
        "WEB": "By a form on a web site.",
        "FORUM": "In a forum.",
        "CHAT": "In a chat on a site or in an app.",
        "WECHAT": "By WeChat (微信).",
        "QQ": "By QQ.",
        "LETTER": "By letter.",
        "SOCIAL": "By another social network.",
        "SELF_SERVICE": "The customer did it on a page of their own.",
        "OTHER": "In another way.",
    },
    "ClockType": {
        "WORKING_TIME": "So much time on the calendar.",
        "ELAPSED": "So much time, whatever the calendar says.",
        "CALENDAR_DAYS": "So many days, working or not.",
        "BUSINESS_DAYS": "So many working days of the calendar.",
        "WEEKS": "So many times seven days.",
        "MONTHS": "To the corresponding date, or to the month's last day where there is none.",
        "YEARS": "To the corresponding date of a later year.",
        "REPORTING_PERIOD": "After the end of each period.",
        "STATED_DATE": "By a date that somebody stated; nothing is computed.",
        "NO_NUMBER": "A duty without a number, such as \"prompt\"; it is never missed.",
    },
    "ContactKind": {
        "PHONE": "A telephone number.",
        "EMAIL": "An e-mail address.",
        "WECHAT": "A name on WeChat (微信).",
        "QQ": "A number on QQ.",
        "SOCIAL": "A name on another social network.",
        "ADDRESS": "Where letters reach them.",
        "OTHER": "Something else.",
    },
    "CustomerKind": {"PERSON": "A human being.", "ORGANISATION": "A company, an office, an association."},
    "DayEnd": {"CLOSE_OF_BUSINESS": "When the calendar's hours of that day end."},
    "Direction": {"IN": "The customer reached the company.", "OUT": "The company reached the customer."},
    "Departure": {
        "REOPENED_WHILE_OPEN": "It was reopened while it had not ended.",
        "TIME_RUNS_BACKWARDS": "It occurred before what it presupposes, or before what stands before it in its stream.",
    },
    "DueRoll": {
        "NONE": "It stays where it is.",
        "NEXT_WORKING_DAY": "It moves to the next working day (Regulation 1182/71, article 3(4); Civil Code of China, "
        "article 203).",
    },
    "EscalatedBy": {"PERSON": "Somebody saw to it.", "ALARM": "A deadline did."},
    "ExtensionMode": {"ADD_TO_ROLLED": "To the due as it was rolled to a working day."},
    "FirstDay": {"COUNTED": "It is the first of them.", "EXCLUDED": "The first of them is the day after."},
    "FollowUpResult": {
        "SATISFIED": "The customer is content.",
        "DISSATISFIED": "The customer is not content.",
        "NOT_REACHED": "The customer was not reached.",
    },
    "HypotheticalFlipKind": {
        "KEPT_TO_MISSED": "It was kept, and would be missed.",
        "MISSED_TO_KEPT": "It was missed, and would be kept.",
        "APPEARS": "There is no such clock, and there would be one.",
        "VANISHES": "There would be no such clock.",
    },
    "HypotheticalReasonKind": {
        "AMOUNT": "There is more or less time.",
        "START": "Another event begins it.",
        "MEASURED_FROM": "It is measured from another event than before.",
        "CUT_OFF": "Until when a day's receipts count as received on it is otherwise.",
        "ZONE": "Days begin and end in another zone.",
        "PAUSES": "Other waiting stops it, or it stops for longer or shorter.",
        "EXTENSIONS": "Other extensions count, or they are longer or shorter.",
        "STOP": "Another event stops it.",
        "CANCEL": "Another event ends it before its due.",
    },
    "LateRecord": {
        "ACCEPT": "Always.",
        "ACCEPT_WITHIN": "When it was recorded within `lateRecordWithin` of the due.",
    },
    "Level": {"HIGH": "Much.", "MEDIUM": "Some.", "LOW": "Little."},
    "NoticeOf": {
        "DECISION": "What was decided.",
        "ACCEPTANCE": "The complaint is taken on (受理).",
        "REVIEW": "What a review came to.",
    },
    "ObligationKind": {
        "DIRECTIVE": "What somebody above demands in writing.",
        "DAILY_REPORT": "A report at the end of a day.",
    },
    "ObligationStatus": {
        "OPEN": "It is still owed.",
        "MET": "It was done.",
        "CANCELLED": "It is owed no longer.",
    },
    "OnChange": {"KEEP": "Nothing: the rule that fitted at the start goes on."},
    "OnExpiry": {"MISS": "The deadline is missed."},
    "OnReopening": {
        "NEW_CYCLE": "It begins anew, with its whole time.",
        "RESUME": "It goes on with the time that was left.",
    },
    "OnTransfer": {"KEEP": "Those of the unit that had it at the start.", "MOVE": "Those of the unit that has it now."},
    "Outcome": {
        "UPHELD": "The complaint was right.",
        "PARTLY_UPHELD": "The complaint was right in part.",
        "REJECTED": "The complaint was not right.",
        "SOLVED": "What was asked for was done.",
        "NOT_SOLVED": "What was asked for could not be done.",
    },
    "PauseGround": {
        "CUSTOMER": "The customer is to say or to send something.",
        "VENDOR": "A supplier is to do something.",
        "EVIDENCE": "Proof is to come.",
        "THIRD_PARTY": "Somebody else outside is to do something.",
        "OTHER": "Something else, which two people agreed on.",
    },
    "PersonalState": {
        "OPEN": "It can, and `value` is it.",
        "CLOSED": "It was not opened for whoever asks.",
        "ERASED": "Its key was destroyed, and nobody can read it any more.",
    },
    "Precision": {"INSTANT": "To the moment.", "DAY": "The day is known, the hour is not."},
    "Priority": {
        "CRITICAL": "At once.",
        "HIGH": "Before what is ordinary.",
        "MODERATE": "In its turn.",
        "LOW": "When there is time.",
    },
    "ProposalState": {
        "OPEN": "The customer has not answered.",
        "ACCEPTED": "The customer agreed.",
        "REJECTED": "The customer did not agree.",
    },
    "ResponseKind": {
        "FIRST": "The first that the customer hears on the matter itself (初步回复).",
        "UPDATE": "How far it has come (持续跟进).",
        "INTERIM": "A part of the answer.",
        "HOLDING": "The answer takes longer than it should.",
        "DELAY_LETTER": "The same as a formal letter, with reasons and with whom to turn to.",
        "FINAL": "The company's last word.",
    },
    "SlaAlarmKind": {
        "WARNING": "The due is near.",
        "MISS": "The due passes.",
        "ESCALATION": "It is brought before a higher level.",
    },
    "SlaSegmentReason": {"RUNNING": "The clock runs.", "PAUSED": "The case waits on a ground that stops the clock."},
    "SlaState": {
        "NOT_STARTED": "What begins it has not happened, or its time has not come.",
        "RUNNING": "Its time runs.",
        "PAUSED": "It stands still, because the case waits.",
        "MET": "It was stopped by its due.",
    },
    "SlaStepKind": {
        "AMOUNT": "The target's own time.",
        "CUT_OFF": "What came in too late in the day counts from the next working day.",
        "EXTENSION": "More time was given (延期).",
        "CAP": "Extensions reach no further than this.",
        "PAUSE": "Time that did not count, because the case waited.",
        "ROLL": "The due fell on a day on which nobody works.",
        "PERIOD": "The end of the reporting period.",
        "STATED": "The date that somebody stated.",
    },
    "StaffOrderField": {"NAME": "By their name at work."},
    "StatedBy": {
        "SOURCE": "The system that the case came from.",
        "COMPANY": "The company, to the customer.",
        "ANY": "Either of them.",
    },
    "SubjectKind": {
        "ACCESS": "What somebody was shown of the people in the book.",
        "BOOK": "The book itself.",
        "CALENDAR": "The book's calendars.",
        "CASE": "A case.",
        "CUSTOMER": "A customer.",
        "IMPORT": "An import of a history.",
        "OBLIGATION": "An obligation.",
        "POLICY": "The book's policies.",
        "STAFF": "A member of staff.",
        "TOUCHPOINT": "A touchpoint.",
        "UNIT": "A unit.",
    },
    "TargetCycles": {"PER_CYCLE": "Each cycle by itself.", "WORST": "The worst of them."},
    "TargetKind": {
        "ACKNOWLEDGEMENT": "To tell the customer that the matter has arrived.",
        "ACCEPTANCE": "To say whether the matter is taken on (受理).",
        "DISPATCH": "To give it to a unit (派单).",
        "FIRST_RESPONSE": "To answer for the first time (初步回复).",
        "NEXT_RESPONSE": "To answer what the customer said since.",
        "RESOLUTION": "To come to an outcome (办结).",
        "NOTICE": "To notify the complainant.",
        "FOLLOW_UP": "To ask the customer afterwards (回访).",
        "REVIEW": "To look at a decision once more.",
        "FORWARDING": "To pass the matter on.",
        "REPORT": "To report.",
        "RETENTION": "To keep the record.",
        "OTHER": "Something else.",
    },
    "TargetSubject": {"CASE": "The case as a whole.", "OBLIGATION": "An obligation."},
    "Tier": {
        "KEY": "A key account (大客户), with a manager of its own.",
        "GOLD": "Above silver.",
        "SILVER": "Above standard.",
        "STANDARD": "Everybody else.",
    },
    "TimelineEntryKind": {
        "MATERIAL_REQUESTED": "The complainant was asked to send what is missing.",
        "MATERIAL_COMPLETED": "The complainant has sent it.",
        "PROPOSAL_ACCEPTED": "The customer agreed to what was offered.",
        "PROPOSAL_REJECTED": "The customer did not agree to what was offered.",
        "REVIEW_REQUESTED": "The complainant asked the body above to look at the decision.",
        "REVIEW_DECIDED": "The body above has looked at the decision.",
        "CONTACT_WITHDRAWN": "A contact is theirs no longer.",
        "LANGUAGE_CHANGED": "They are spoken to in another language.",
        "MANAGER_ASSIGNED": "Somebody manages the account.",
        "MANAGER_RELEASED": "Somebody manages the account no longer.",
        "VISIT_MADE": "They were visited.",
        "VISIT_CANCELLED": "A visit will not be made.",
    },
    "UnitKind": {"TEAM": "A team."},
    "Verdict": {"KEPT": "It was done in time.", "MISSED": "It was not done in time."},
    "Weekday": {
        "MON": "Monday.",
        "TUE": "Tuesday.",
        "WED": "Wednesday.",
        "THU": "Thursday.",
        "FRI": "Friday.",
        "SAT": "Saturday.",
        "SUN": "Sunday.",
    },
})  # fmt: skip
"""By the name of an enumeration in the schema, and the name of a value."""


def meanings_of(enumeration: type[StrEnum], name: str) -> dict[str, str]:
    """What the values of an enumeration mean, by their names; `name` is its own in the schema."""
    return {**sentences(enumeration), **VALUES.get(name, {})}


def sentences(enumeration: type[StrEnum]) -> Sentences:
    """The sentences that stand beneath the members of an enumeration in its source, by their names."""
    return _sentences(enumeration.__module__).get(enumeration.__qualname__, {})


@cache
def _sentences(module: str) -> Mapping[str, Sentences]:
    """Those of all enumerations of a module, by the names of these."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _beneath(node.body) for node in tree.body if isinstance(node, ast.ClassDef)}


def _beneath(body: list[ast.stmt]) -> Sentences:
    """Python keeps no sentence of a member when a program runs, so that the source has to be asked."""
    found: dict[str, str] = {}
    for member, beneath in pairwise(body):
        match member, beneath:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(sentence))):
                found[name] = inspect.cleandoc(sentence).replace("\n", " ")
            case _:
                pass
    return found
