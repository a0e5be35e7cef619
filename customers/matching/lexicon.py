"""Words of names: short forms of given names (a table of our own; a form in two rows belongs to the first), titles, and
Chinese family names."""

_ROWS = """
william bill billy will willy liam; robert bob bobby rob robbie bert; richard dick rick ricky rich richie;
james jim jimmy jamie; john jack johnny; edward ed eddie ted teddy ned; charles charlie chuck chas;
thomas tom tommy; michael mike mick mickey micky; joseph joe joey; daniel dan danny; david dave davy;
anthony tony ant; andrew andy drew; alexander alex sandy sasha; benjamin ben benny; samuel sam sammy;
matthew matt; christopher chris kit; nicholas nick nicky; peter pete; stephen steven steve stevie;
patrick pat paddy; gregory greg; frederick fred freddie freddy; francis frank frankie; henry harry hank;
george georgie; lawrence laurence larry; leonard leo len lenny; timothy tim timmy; theodore theo;
walter walt wally; raymond ray; ronald ron ronnie; donald don donnie; kenneth ken kenny; gerald gerry jerry;
albert al; arthur art; abraham abe; zachary zach zack; nathaniel nathan nat nate; joshua josh; jonathan jon jonny;
elizabeth liz lizzie beth betty betsy eliza lisa libby; margaret maggie meg peggy madge greta; mary molly polly;
katherine catherine kathryn kate katie kathy cathy kit kitty; anne ann annie nancy; jennifer jen jenny jenn;
susan sue susie suzie; patricia trish tricia patty; barbara barb babs; deborah deb debbie; dorothy dot dottie dolly;
rebecca becky becca; victoria vicky vicki tori; alexandra lexi; samantha sammie; jessica jess jessie;
christine christina chrissie tina; theresa teresa terry tess; eleanor ellie nell nellie nora; helen nellie;
amanda mandy; pamela pam; judith judy; virginia ginny; frances fran francie; josephine josie jo; abigail abby;
isabella isabel bella izzy; caroline carrie caro; charlotte lottie charlie; gabriella gabby; stephanie steph;
valerie val; veronica ronnie; jacqueline jackie; sophia sophie sofia; emilia emily em milly; olivia liv livvy;
matilda tilly; philippa pippa; rosemary rosie; penelope penny; angela angie; cynthia cindy; natalie nat
"""
FORMAL = {
    form: names[0]
    for names in reversed([row.split() for row in _ROWS.replace("\n", " ").split(";")])
    for form in names
}


def formal(word: str) -> str:
    """The full name that a folded word is short for; other words stay as they are."""
    return FORMAL.get(word, word)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _set("mr mrs ms miss dr prof sir madam mx")
DOUBLE_SURNAMES = _set(
    """
    欧阳 歐陽 上官 司马 司馬 诸葛 諸葛 司徒 东方 東方 独孤 獨孤 南宫 南宮 夏侯 皇甫 慕容 令狐 公孙 公孫 宇文 长孫
    长孙 尉迟 尉遲 申屠 轩辕 軒轅 端木 百里 呼延 澹台 濮阳 濮陽 单于 單于
    """
)
# In letters a Chinese family name often stands first: Wang Xiaoming and Wang Xiaolong share no given name.
CHINESE_FAMILIES = _set(
    """
    wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng xie han
    tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lv lu su jiang cai jia ding wei xue ye yan pan
    du dai xia zhong tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou
    shao meng long wan duan lei qian yin ouyang wong chan cheung lau leung ng chow kwok tsang lam tam
    """
)
