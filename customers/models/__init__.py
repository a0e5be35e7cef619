"""The nouns of this app, one module a topic."""

from customers.models.arrivals import (
    MOST_SOURCES,
    Arrival,
    ArrivalKind,
    ArrivalState,
    Dismissal,
    ImportFile,
    Source,
)
from customers.models.catalogue import (
    Brand,
    Category,
    Product,
)
from customers.models.consents import (
    REACHING,
    Consent,
    ConsentRules,
    ContactChannel,
    Guardian,
    Purpose,
    Relation,
    Verified,
    Wording,
)
from customers.models.custom import (
    CustomField,
    FieldKind,
)
from customers.models.customer import (
    Customer,
    CustomerTag,
    Gender,
    Tag,
)
from customers.models.events import (
    LONGEST_VISITOR,
    Event,
    EventKind,
    EventState,
    Site,
    SiteDay,
    Visitor,
    VisitorMark,
)
from customers.models.identity import (
    Identity,
    IdentityKind,
    NameKey,
)
from customers.models.importing import (
    ImportChange,
    ImportMapping,
)
from customers.models.interactions import (
    Interaction,
    TouchChannel,
)
from customers.models.matching import (
    DuplicatePair,
    MatchKey,
    MatchRules,
    PairState,
)
from customers.models.merges import (
    Merge,
)
from customers.models.notes import (
    Note,
    NoteVersion,
)
from customers.models.orders import (
    Connector,
    KeptOrder,
)
from customers.models.persona import (
    Daypart,
    Persona,
    PersonaBasis,
    PersonaDue,
    PriceLevel,
    ProductPrice,
    Weekday,
)
from customers.models.provided import (
    Basis,
    FactType,
    ProvidedFact,
    Provider,
)
from customers.models.purchases import (
    Channel,
    GuestDay,
    Line,
    Payment,
    Purchase,
    Return,
    ReturnLine,
)
from customers.models.signins import MemberSession, SignInCode
from customers.models.signups import (
    SignUp,
    SignUpForm,
    SignUpState,
)
from customers.models.state import (
    Lifecycle,
    LifecycleRules,
    Night,
    PublishedNight,
    PurchaseState,
    Spell,
    SpellQuerySet,
    Stage,
    StaleState,
    StateBasis,
)
from customers.models.work import (
    Priority,
    WorkBatch,
    WorkItem,
    WorkKind,
    WorkResult,
    WorkState,
)

__all__ = [
    "LONGEST_VISITOR", "MOST_SOURCES", "REACHING", "Arrival", "ArrivalKind", "ArrivalState", "Basis", "Brand",
    "Category", "Channel", "Connector", "Consent", "ConsentRules", "ContactChannel", "CustomField", "Customer",
    "CustomerTag", "Daypart", "Dismissal", "DuplicatePair", "Event", "EventKind", "EventState", "FactType",
    "FieldKind", "Gender", "Guardian", "GuestDay", "Identity", "IdentityKind", "ImportChange", "ImportFile",
    "ImportMapping", "Interaction", "KeptOrder", "Lifecycle", "LifecycleRules", "Line", "MatchKey", "MatchRules",
    "MemberSession", "Merge", "NameKey", "Night", "Note", "NoteVersion", "PairState", "Payment", "Persona",
    "PersonaBasis", "PersonaDue", "PriceLevel", "Priority", "Product", "ProductPrice", "ProvidedFact", "Provider",
    "PublishedNight", "Purchase", "PurchaseState", "Purpose", "Relation", "Return", "ReturnLine", "SignInCode",
    "SignUp", "SignUpForm", "SignUpState", "Site", "SiteDay", "Source", "Spell", "SpellQuerySet", "Stage",
    "StaleState", "StateBasis", "Tag", "TouchChannel", "Verified", "Visitor", "VisitorMark", "Weekday", "Wording",
    "WorkBatch", "WorkItem", "WorkKind", "WorkResult", "WorkState",
]  # fmt: skip
