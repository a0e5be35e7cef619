"""What a verification of the trail found."""

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_FINDINGS = 10_000  # kept one by one; all are counted


@dataclass(frozen=True)
class Finding:
    """`what`: changed, missing, inserted, copied, forged (a row); seal_altered, seal_missing, seal_unknown_key,
    anchor_missing, anchor_differs (a seal); capture_off (a table). `where` is its number or name."""

    what: str
    where: str
    seal: int | None = None

    @property
    def sentence(self) -> str:
        return SENTENCES[self.what].format(where=self.where, seal=self.seal)


SENTENCES = {
    "changed": "Entry {where} is not what was sealed in seal {seal}.",
    "missing": "Entry {where}, sealed in seal {seal}, is gone.",
    "inserted": "Entry {where} stands among sealed ones and no seal has it.",
    "forged": "Entry {where} does not carry the signature of this installation.",
    "copied": "Entry {where} has the signature of another entry.",
    "unknown_key": "Entry {where} was signed with a key that is not known here (AUDIT_KEYS_OLD).",
    "seal_altered": "Seal {where} is not what was signed.",
    "seal_missing": "Seal {where} is gone.",
    "seal_unknown_key": "Seal {where} was signed with a key that is not known here (AUDIT_KEYS_OLD).",
    "anchor_missing": "Seal {where} was noted outside of the database and is gone: the end of the trail is cut off.",
    "anchor_differs": "Seal {where} is not the one that was noted outside of the database.",
    "capture_off": "The database does not watch {where}.",
}


@dataclass
class Report:
    entries: int = 0
    seals: int = 0
    unsealed: int = 0
    faults: int = 0
    findings: list[Finding] = field(default_factory=list)
    anchor: str = ""

    def add(self, found: Finding) -> None:
        self.faults += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(found)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {
            "findings": [asdict(one) | {"sentence": one.sentence} for one in self.findings]
        }
