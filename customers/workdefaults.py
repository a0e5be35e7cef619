"""The kinds of follow-ups that a new chain begins with; an administrator changes them in the settings."""

from typing import Any

Texts = dict[str, str]


def _in(en: str, hans: str, hant: str) -> Texts:
    return {"en": en, "zh-hans": hans, "zh-hant": hant}


REACHED = ("reached", _in("Reached", "已联系上", "已聯絡上"), False)
NO_ANSWER = ("no_answer", _in("No answer", "无人接听", "無人接聽"), False)
CALL_AGAIN = ("call_again", _in("Call again", "稍后再打", "稍後再撥"), True)
NOT_WANTED = ("not_wanted", _in("Does not want it", "不需要", "不需要"), False)
SENT = ("sent", _in("Sent", "已发送", "已傳送"), False)
ANSWERED = ("answered", _in("They answered", "已回复", "已回覆"), False)
MET = ("met", _in("Met", "已见面", "已見面"), False)
NOT_THERE = ("not_there", _in("Not there", "不在", "不在"), False)
DONE = ("done", _in("Done", "已完成", "已完成"), False)
NOT_POSSIBLE = ("not_possible", _in("Not possible", "无法完成", "無法完成"), False)
LATER = ("later", _in("Once more", "再跟进一次", "再跟進一次"), True)

# code, its icon, names, scripts, results (code, names, makes a next one)
KINDS: tuple[tuple[str, dict[str, str], Texts, Texts, tuple[Any, ...]], ...] = (
    (
        "call", {"icon": "phone"}, _in("Call", "电话", "電話"),
        _in(
            "Greet them by name and say which store you call from.\n"
            "Ask whether this is a good moment; if not, ask when.\n"
            "Say why you call in one sentence. Listen, and write down what they say.\n"
            "Thank them. Say what happens next and by when.",
            "称呼对方姓名，说明您是哪家门店。\n先问现在方便吗；不方便就问何时再打。\n一句话说明来意，认真听，记下对方的话。\n致谢，说明接下来怎么办、何时办好。",
            "稱呼對方姓名，說明您是哪家門市。\n先問現在方便嗎；不方便就問何時再撥。\n一句話說明來意，認真聽，記下對方的話。\n致謝，說明接下來怎麼辦、何時辦好。",
        ),
        (REACHED, NO_ANSWER, CALL_AGAIN, NOT_WANTED),
    ),
    (
        "message", {"icon": "message"}, _in("Message", "消息", "訊息"),
        _in(
            "Write as you would speak: their name, why you write, one question or one offer.\n"
            "Say who you are and which store.",
            "像说话一样写：称呼、来意、一个问题或一个优惠。\n写明您是谁、哪家门店。",
            "像說話一樣寫：稱呼、來意、一個問題或一個優惠。\n寫明您是誰、哪家門市。",
        ),
        (SENT, ANSWERED, LATER, NOT_WANTED),
    ),
    (
        "visit", {"icon": "map-pin"}, _in("Visit", "拜访", "拜訪"),
        _in(
            "Announce yourself beforehand. Bring what was promised.\nWrite down what they need and what you agreed.",
            "提前预约，带上答应的东西。\n记下对方的需要和约定的事项。",
            "提前預約，帶上答應的東西。\n記下對方的需要和約定的事項。",
        ),
        (MET, NOT_THERE, LATER, NOT_WANTED),
    ),
    (
        "check", {"icon": "list-check"}, _in("Check", "核查", "核查"),
        _in(
            "Look whether what was promised has happened. If not, find out who does it and until when.",
            "查看答应的事是否已办。没有办的，问清谁来办、何时办好。",
            "查看答應的事是否已辦。沒有辦的，問清誰來辦、何時辦好。",
        ),
        (DONE, NOT_POSSIBLE, LATER),
    ),
    ("other", {"icon": "checkbox"}, _in("Other", "其他", "其他"), {}, (DONE, NOT_POSSIBLE, LATER)),
)  # fmt: skip
