"""Files of a case, step by step."""

from uuid import UUID

from domain.attachment import AttachmentAdded
from domain.case.attaching import AttachToCase
from domain.case.events import CaseCustomerChanged, CaseReceived
from domain.channel import Direction
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import CASE_ID, TUESDAY, WANG, ZHAO, received, reopened
from tests.domain.case.steps import Accepted, Rejected, Steps, at_hand, by_stage, ended, over

BILL, PHOTO = UUID(int=0xB111), UUID(int=0xF070)
DIGEST = "3c" * 32

attach = AttachToCase(
    at=TUESDAY,
    case_id=CASE_ID,
    attachment_id=BILL,
    direction=Direction.IN,
    media_type="application/pdf",
    byte_size=48_213,
    file_name=Personal[str].open(WANG, "三月电费账单.pdf"),
    digest=Personal[str].open(WANG, DIGEST),
)
attached = AttachmentAdded(
    attachment_id=BILL,
    direction=Direction.IN,
    media_type="application/pdf",
    byte_size=48_213,
    file_name=Personal[str].open(WANG, "三月电费账单.pdf"),
    digest=Personal[str].open(WANG, DIGEST),
)
photo = {"attachment_id": PHOTO, "direction": None, "media_type": "image/jpeg"}
about_itself = {
    "file_name": Personal[str].open(CASE_ID, "letter.txt"),
    "digest": Personal[str].open(CASE_ID, DIGEST),
}
of_nobody_known: CaseReceived = received.model_copy(update={"customer_id": None, "words": None})

ACCEPTED = {
    "a file of a case whose customer nobody knows is about the case itself": Accepted(
        (of_nobody_known,), attach.model_copy(update=about_itself), (attached.model_copy(update=about_itself),)
    ),
    "a customer sent in a bill": Accepted(at_hand, attach, (attached,)),
    "a file comes before the number": Accepted((received,), attach, (attached,)),
    "the company keeps a photo with it, under another id": Accepted(
        (*at_hand, attached), attach.model_copy(update=photo), (attached.model_copy(update=photo),)
    ),
    "a file comes after closing": Accepted(ended, attach, (attached,)),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "a file is not attached a second time as something else": Rejected(
        (*at_hand, attached),
        attach.model_copy(update={"direction": Direction.OUT}),
        Refusal.RECORDED_OTHERWISE,
        "ask for a correction",
    ),
    "nor after a reopening": Rejected(
        (*over[:2], attached, *over[2:], reopened),
        attach.model_copy(update={"byte_size": 1}),
        Refusal.RECORDED_OTHERWISE,
        "ask for a correction",
    ),
    "a file uploaded for the customer it was taken to be about": Rejected(
        (*at_hand, CaseCustomerChanged(customer_id=ZHAO)), attach, Refusal.SUBJECT_MISMATCH, "upload it again"
    ),
    "a name under another's key than the bytes": Rejected(
        at_hand,
        attach.model_copy(update={"file_name": Personal[str].open(ZHAO, "bill.pdf")}),
        Refusal.SUBJECT_MISMATCH,
        "somebody else",
    ),
}
ATTACHING = Steps(ACCEPTED, REJECTED, {})
