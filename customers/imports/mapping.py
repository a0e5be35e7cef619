"""Files whose columns are named otherwise: which of theirs is which of ours.

A mapping is {the file's name: ours, or "" for a column that is left out}. Names that other systems use are known, in
English and Chinese, and near spellings are guessed; a person looks at the proposal beside the first rows. A mapping is
kept under a name and proposed for the next file with the same header.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.lib.refusals import Fault, Refusal
from customers.imports.columns import columns_of, spelling
from customers.imports.refusals import UnreadableFile
from customers.models import ImportMapping

LEFT_OUT = ""
SAMPLES = 3  # values shown of each column
_NEAR = 0.84  # of difflib: "e_mail" and "email", not "name" and "number"

# What other systems and people call our columns.
_ALIASES = {
    "number": (
        "member_number membership_number member_no member_id card_no loyalty_number "
        "customer_number 会员号 会员编号 會員號 會員編號"
    ),
    "name": "full_name customer_name display_name 姓名 名字 客户姓名 客戶姓名 会员姓名 會員姓名 顾客姓名 顧客姓名",
    "phone": (
        "mobile mobile_phone phone_number telephone tel cell cellphone 手机 手机号 手机号码 电话 "
        "電話 手機 手機號碼"
    ),
    "email": "e_mail email_address mail 邮箱 电子邮件 電郵 電子郵件",
    "card": "card_number 卡号 卡號",
    "openid": "wechat wechat_openid open_id 微信",
    "account": "user_id username shop_account 账号 帳號",
    "gender": "sex 性别 性別",
    "birthday": "birth_date date_of_birth dob birthdate 生日 出生日期",
    "age_band": "age age_group 年龄段 年齡段",
    "income_band": "income 收入",
    "occupation": "job profession 职业 職業",
    "household": "family 家庭",
    "household_size": "family_size 家庭人数 家庭人數",
    "address": "street_address postal_address 地址",
    "home_store": "store store_code shop branch 门店 门店编号 門店 門店編號",
    "tags": "labels 标签 標籤",
    "language": "locale preferred_language 语言 語言",
    "enrolled_at": (
        "member_since joined joined_at created created_at registered_at 注册时间 入会时间 註冊時間 "
        "入會時間"
    ),
    "external_id": (
        "receipt receipt_no receipt_number order_no order_id order_number "
        "transaction_id 小票号 订单号 小票號 訂單號"
    ),
    "occurred_at": "date datetime time sold_at order_date 时间 交易时间 時間 交易時間",
    "product": "sku item item_code product_code 商品 商品编码 商品編碼",
    "quantity": "qty 数量 數量",
    "amount": "total line_total net_amount 金额 金額",
    "customer_value": "customer member 会员 會員",
    "staff": "cashier employee 收银员 收銀員",
}  # fmt: skip
_BY_ALIAS = {alias: column for column, names in _ALIASES.items() for alias in names.split()}


class InvalidMapping(Refusal):
    """`faults` point at "/<the file's name>"."""

    code: ClassVar[str] = "invalid_mapping"


def header_of(names: Iterable[str]) -> str:
    """What tells two headers apart, whatever the order of their columns."""
    return blake2b("\n".join(sorted(map(spelling, names))).encode(), digest_size=16).hexdigest()


def proposal(kind: str, names: list[str]) -> dict[str, str]:
    """Ours for each of the file's columns: as it was mapped last time, else by name; each of ours once."""
    last = ImportMapping.objects.filter(kind=kind, header=header_of(names)).order_by("-updated_at").first()
    if last is not None and last.columns.keys() == set(names):
        return dict(last.columns)
    known, found = columns_of(kind).all, {}
    taken: set[str] = set()
    for name in names:
        ours = _guess(spelling(name), known)
        found[name] = ours if ours not in taken else LEFT_OUT
        taken.add(ours)
    return found


def _guess(name: str, known: tuple[str, ...]) -> str:
    if name in known:
        return name
    if (alias := _BY_ALIAS.get(name)) in known:
        return str(alias)
    near = get_close_matches(name, known, n=1, cutoff=_NEAR)
    return near[0] if near else LEFT_OUT


def check(kind: str, names: list[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping of exactly these columns. Raises InvalidMapping, and MissingColumns for what a file must have."""
    known, faults, taken = columns_of(kind), [], set()
    for name in names:
        ours = mapping.get(name, LEFT_OUT)
        if ours and ours not in known.all:
            faults.append(Fault(f"/{name}", _("There is no column “%(name)s”.") % {"name": ours}))
        elif ours and ours in taken:
            faults.append(Fault(f"/{name}", _("“%(name)s” is chosen twice.") % {"name": ours}))
        taken.add(ours)
    if faults:
        raise InvalidMapping(_("The columns do not fit."), faults=tuple(faults))
    wanted = {name: mapping.get(name, LEFT_OUT) for name in names}
    known.match(names, wanted)
    return wanted


def keep(kind: str, name: str, names: list[str], mapping: Mapping[str, str], *, by: Any) -> ImportMapping:
    """Keep a mapping under a name; the same name again replaces it."""
    values = {"columns": dict(mapping), "header": header_of(names), "created_by": trail.actor_name(by)}
    with transaction.atomic():
        made, is_new = ImportMapping.objects.update_or_create(
            kind=kind, name=name, defaults={**values, "updated_at": Now()}
        )
        trail.record("import_mapping.keep", made, by=by, details={"new": is_new})
    return made


def forget(mapping: ImportMapping, *, by: Any) -> None:
    with transaction.atomic():
        trail.record("import_mapping.forget", mapping, by=by, details={"name": mapping.name})
        mapping.delete()


def check_readable(path: Path) -> None:
    """Raises UnreadableFile where nobody could say which column is which, or where the first rows cannot be read."""
    from customers.imports.files import open_table

    names = Counter(open_table(path, is_whole=False).names)
    if twice := [name for name, n in names.items() if n > 1]:
        told = _("Two columns are called “%(name)s”: give each a name of its own.")
        raise UnreadableFile(told % {"name": twice[0][:60]})
    samples(path)


def samples(path: Path) -> dict[str, list[str]]:
    """The first values of each column of a file."""
    from customers.imports.files import open_table

    table = open_table(path, is_whole=False)
    found: dict[str, list[str]] = {name: [] for name in table.names}
    for block in table.blocks():
        for name, column in block.columns.items():
            found[name] += [
                str(value)[:60] for value in column.slice(0, SAMPLES).to_pylist() if value not in (None, "")
            ]
        if len(block.rows):
            break
    return found
