"""What the help page says of customers, nights and imports."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui.help import Topic, register


def fill() -> None:
    for topic in (
        COUNTER,
        CONSENT,
        SIGN_UP,
        CUSTOMERS,
        FOLLOW_UPS,
        NIGHTS,
        IMPORTS,
        QUARANTINE,
        DUPLICATES,
        MERGES,
        TRACKING,
    ):
        register(topic)


TRACKING = Topic(
    "tracking",
    _("Web tracking, orders, facts of others"),
    (
        _("A web site's page has the line for your pages and shows what comes from them, within seconds."),
        _(
            "Nothing is stored or sent before the visitor agrees."
            " What they looked at is theirs once they sign in or buy."
        ),
        _("Try an order connector with a sample order: you see the receipt before it is switched on."),
        _(
            "Facts of others stand beside what customers told you, never in its place, and go when the right ends."
        ),
    ),
    Permission.MANAGE_ORGANISATION,
    72,
    "customers:sites",
)
COUNTER = Topic(
    "counter",
    _("Counter"),
    (
        _("A whole phone number, member number, card or e-mail address finds customers of every store."),
        _(
            "Four digits find phones that end with them; a name, pinyin or initials find customers of your stores."
        ),
        _("The arrow keys choose, Enter opens, Esc clears. A scanned card opens the customer by itself."),
        _("A customer of another store stays open to you for half an hour, with what serving them takes."),
    ),
    Permission.FIND_CUSTOMERS,
    10,
    "customers:counter",
)
CONSENT = Topic(
    "consent",
    _("Consent"),
    (
        _("Without a yes nobody may send offers or call. Nobody makes a profile of who said no to it."),
        _("The latest word holds. Every word stays in the history, with the text that was shown."),
        _("“Do not contact” stops everything at once, apart from receipts, answers and recalls."),
        _("The yes of a minor counts only with a guardian's record."),
    ),
    Permission.RECORD_CONSENTS,
    15,
    "customers:counter",
)
SIGN_UP = Topic(
    "sign-up",
    _("Sign-up forms"),
    (
        _("A store's form has an address of its own: print the poster and put it up."),
        _("Who is new becomes a member within a minute; the phone is not verified yet."),
        _("Whose phone or e-mail is a member's waits for you. Nothing of the member is changed by it."),
    ),
    Permission.MANAGE_SIGN_UP,
    16,
    "customers:sign-ups",
)
CUSTOMERS = Topic(
    "customers",
    _("Customers"),
    (
        _(
            "The list holds the customers of your stores. Its filters stand in the address: a bookmark keeps them."
        ),
        _("A customer's page tells what they bought, by month and receipt, and why they have their scores."),
        _("Purchases are as of now; stage, group and scores are of the last night."),
        _(
            "Click a fact or press e to edit it where it stands; Enter saves, Esc cancels, Undo takes it back."
        ),
        _(
            "The timeline (t) holds every touch; kinds, channel and days choose, and the address keeps the choice."
        ),
        _("“Not enrolled yet”: a till named this card or number before anybody wrote down whose it is."),
        _("Showing a number in full and every export are written down with your name."),
    ),
    Permission.VIEW_CUSTOMERS,
    20,
    "customers:list",
)
NIGHTS = Topic(
    "nights",
    _("Nights"),
    (
        _("Every night after 02:30 the receipts of the day before become stages, scores and groups."),
        _(
            "Until a night has finished, everybody sees the one before. Missed nights are caught up in their order."
        ),
        _("A step that failed three times waits for “Resume”, which goes on where it stopped."),
    ),
    Permission.VIEW_NIGHTS,
    40,
    "customers:nights",
)
FOLLOW_UPS = Topic(
    "work",
    _("Follow-ups"),
    (
        _(
            "The next thing is open beside the list. 1, 2, 3 record a result, s puts it off, t takes what is anybody's."
        ),
        _(
            "“Call again” asks when, and makes the next call by itself. Every step can be undone for some seconds."
        ),
        _("Times are by the clock of the customer's store. What was put off comes back by itself."),
        _("On a customer's page n writes a note, @ mentions a colleague, Ctrl+Enter saves."),
    ),
    Permission.WORK_ITEMS,
    15,
    "customers:work",
)
IMPORTS = Topic(
    "imports",
    _("Imports"),
    (
        _(
            "Try a file first: every row is read, nothing is changed. Rows = applied + known already + rejected."
        ),
        _("Rejected rows can be downloaded with the reason of each. What comes in twice counts once."),
        _("You may leave the page. An import that was broken off goes on where it was."),
        _("The page says until when a file can be downloaded, resumed or imported for good."),
    ),
    Permission.RUN_IMPORTS,
    50,
    "customers:imports",
)
QUARANTINE = Topic(
    "quarantine",
    _("Set aside"),
    (
        _("A return that comes before its receipt waits for it and is applied by itself."),
        _("A return of more than was bought stays aside until somebody has found out what happened."),
        _("Dismiss what nothing more is to be done about; the reason stays with it, and it can be reopened."),
    ),
    Permission.VIEW_IMPORTS,
    60,
    "customers:quarantine",
)
MERGES = Topic(
    "merges",
    _("Merging two customers"),
    (
        _(
            "Open one of the two and choose “Merge with another…”. Both stand side by side before anything changes."
        ),
        _(
            "Where both say something, mark what stays. All identifiers and tags stay; of consent the stricter holds."
        ),
        _(
            "Undo gives both back. What came in since by a phone or card of the other one goes to the other one."
        ),
    ),
    Permission.MERGE_CUSTOMERS,
    26,
    "customers:list",
)
DUPLICATES = Topic(
    "duplicates",
    _("Possible duplicates"),
    (
        _(
            "Each night all customers are compared. Pairs who may be one person wait here, the likeliest first."
        ),
        _(
            "m: the same person, merged at once. d: different people. j, s: next. k: back. Both can be undone."
        ),
        _("You see a pair when both customers are yours to see."),
        _(
            "Two member numbers, or a shared phone under clearly different names, are never merged without a person."
        ),
    ),
    Permission.MERGE_CUSTOMERS,
    25,
    "customers:pairs",
)
