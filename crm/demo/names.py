"""Invented people's names: lists to draw from, with weights where frequency matters.

The Latin lists are made up of common given names and coined family names; the Chinese ones follow the
published shares of surnames (Ministry of Public Security, 2020, in per mille; the tail is flattened), with
a few polyphonic and two-character surnames so that pinyin search meets them.
"""


def _words(text: str) -> list[str]:
    return text.split()


GIVEN_FEMALE = _words(
    """
    Ada Agnes Alba Alma Amara Anika Anya Asha Astrid Beatriz Bella Brigid Camila Carmen Celia Chiara
    Clara Cora Dalia Daphne Delia Dina Edith Elena Elif Elsa Emilia Esme Esther Fatima Flora Freya
    Gemma Gloria Greta Hana Hazel Helena Ida Imani Ines Irina Iris Isla Ivy Jana Joan June Kaia
    Katya Keisha Laila Lena Leonor Lina Livia Lucia Luna Mabel Maeve Malika Mara Margot Marta Maya
    Mei Mila Mina Mira Nadia Naomi Nell Nina Noor Nora Olga Olive Paloma Pearl Petra Phoebe Pia
    Priya Rania Renata Rosa Ruth Sabine Salma Sara Selma Sofia Sylvie Tamar Tara Tessa Thea Uma
    Ursula Valeria Vera Viola Wanda Willa Yara Yasmin Zadie Zelda Zoe
    """
)

GIVEN_MALE = _words(
    """
    Abel Adrian Ahmed Alan Albert Amir Anders Andre Anton Arjun Arlo Axel Basil Ben Bruno Caleb
    Carlos Casper Cyril Damian Daniel David Diego Dmitri Edgar Eli Emil Enzo Eric Ezra Felix Finn
    Franz Gabriel Gareth George Gustav Hakim Hamza Harold Hugo Ian Ibrahim Idris Igor Isaac Ivan
    Jacob Jamal Jasper Joel Jonas Jorge Jude Julian Karim Kenji Kofi Kwame Lars Leo Levi Liam Louis
    Luca Luis Malik Marco Marek Martin Mateo Max Milo Moses Nico Nils Noah Oliver Omar Oscar Otto
    Owen Pablo Paul Pavel Peter Rafael Rahul Ravi Reza Roman Rory Ruben Samir Samuel Silas Simon
    Stefan Tariq Theo Tomas Victor Viktor Walter Wesley Xavier Yusuf Zane
    """
)

# Coined family names: a first and a second half, so that no list of real households is drawn from.
FAMILY_FIRST = _words(
    """
    Alder Amber Apple Ash Barley Birch Black Bramble Bright Brook Cald Castle Cedar Clay Cloud
    Copper Crane Dale Dove Drift East Elder Elm Ember Fair Fallow Fern Finch Flint Fox Frost Garland
    Glen Gold Granger Green Hale Harper Haw Hazel Heath Heron Hill Hollow Iron Juniper Kestrel King
    Lamb Lang Lark Laurel Lind Low March Marsh May Mead Merri Mill Moon Moss North Oak Orchard Otter
    Park Pem Pine Quill Rain Raven Red Reed Ridge Robin Rowan Rush Rye Sable Salt Sand Shep Silver
    Snow South Spring Star Stone Summer Swan Tamar Thorn Vale Wake Wal Wester White Wild Willow
    Winter Wren
    """
)
FAMILY_SECOND = _words(
    """
    beck bourne bridge brook burn bury by combe cott dale don field ford gate grove ham hurst land
    ley low man mere more ridge shaw side stead stone ton vale wald ward water well wick win wood
    worth
    """
)

# Surname, its pinyin as said in a name (polyphonic ones differ from the dictionary's first reading), weight.
CHINESE_FAMILY = (
    ("王", 725), ("李", 719), ("张", 683), ("刘", 538), ("陈", 453), ("杨", 308), ("赵", 229), ("黄", 223),
    ("周", 212), ("吴", 205), ("徐", 166), ("孙", 154), ("胡", 131), ("朱", 126), ("高", 121), ("林", 118),
    ("何", 117), ("郭", 115), ("马", 113), ("罗", 104), ("梁", 84), ("宋", 81), ("郑", 78), ("谢", 72),
    ("韩", 68), ("唐", 65), ("冯", 64), ("于", 62), ("董", 61), ("萧", 59), ("程", 57), ("曹", 57),
    ("袁", 54), ("邓", 54), ("许", 54), ("傅", 51), ("沈", 50), ("曾", 50), ("彭", 49), ("吕", 47),
    ("苏", 46), ("卢", 46), ("蒋", 46), ("蔡", 45), ("贾", 42), ("丁", 42), ("魏", 41), ("薛", 40),
    ("叶", 40), ("阎", 39), ("余", 38), ("潘", 36), ("杜", 35), ("戴", 34), ("夏", 33), ("钟", 33),
    ("汪", 33), ("田", 32), ("任", 31), ("姜", 31), ("单", 8), ("解", 6), ("仇", 5), ("区", 5),
    ("查", 4), ("欧阳", 9), ("上官", 3), ("司马", 2), ("诸葛", 2),
)  # fmt: skip

CHINESE_GIVEN_FEMALE = (
    "芳娜敏静丽艳娟霞秀燕玲桂英华慧巧美莉婷雪倩梅兰洁云萍红玉琳晶欣怡佳颖雨晴梓涵诗悦思彤雅琪文佩蓉薇"
)
CHINESE_GIVEN_MALE = (
    "伟强磊军洋勇杰涛明超刚平辉鹏飞波斌宇浩凯健俊帆帅旭宁龙林欢阳建国志文华东海博睿子轩晨天佑嘉毅恒"
)

# The characters above as they are written in Traditional Chinese, where they differ.
TRADITIONAL = dict(
    zip(
        "张刘陈杨赵黄吴孙马罗郑谢韩冯萧邓许吕苏卢蒋贾叶阎钟单区欧阳诸静丽艳华云红颖诗悦强伟军刚辉鹏飞凯帅宁龙欢国东轩兰洁恒涛杰",
        "張劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭鄧許呂蘇盧蔣賈葉閻鍾單區歐陽諸靜麗艷華雲紅穎詩悅強偉軍剛輝鵬飛凱帥寧龍歡國東軒蘭潔恆濤傑",
        strict=True,
    )
)


def to_traditional(text: str) -> str:
    return "".join(TRADITIONAL.get(letter, letter) for letter in text)
