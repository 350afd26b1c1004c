"""The words of the catalogue: goods, colours, sizes, and titles that break careless software.

Data only. Nothing here names a real brand.
"""

from shopify_simulator.shop.product import Category

COLOURS = (
    "Black", "White", "Navy", "Sand", "Olive", "Rust", "Sky", "Charcoal",
    "Ecru", "Forest", "Plum", "Mustard", "Rosé", "Crème brûlée", "Off-White", "Blue/Green",
)  # fmt: skip
SIZES = ("XS", "S", "M", "L", "XL", "XXL", "3XL", "36", "38", "40", "42", "44", "46", "48", "50", "One size")
MATERIALS = ("Cotton", "Linen", "Wool", "Hemp", "Silk", "Cashmere", "Recycled", "Merino")
SCENTS = ("Cedar", "Fig", "Sea salt", "Smoke", "Tomato leaf", "Vetiver")

SPARE_VALUES = {"Color": COLOURS, "Size": SIZES, "Material": MATERIALS, "Scent": SCENTS}
"""Values by the name of the option that they suit."""

OPTION_NAMES = {
    "Color": ("Colour", "Farbe", "Couleur", "色"),
    "Size": ("Größe", "Taille", "Tamaño", "サイズ"),
    "Material": ("Fabric", "Stoff", "Matière"),
}
"""What merchants rename an option to."""

VENDORS = ("Nordlicht", "Atelier Sept", "Harbour & Sons", "O'Leary Knitwear", "Kōji Works", "Plain Goods", "")
ADJECTIVES = ("Classic", "Relaxed", "Heavy", "Brushed", "Washed", "Cropped", "Organic", "Everyday", "Field")

SERIES = ("Alder", "Birch", "Cove", "Dune", "Elm", "Fjord", "Gale", "Heath", "Isle", "Juniper", "Kelp", "")

GARMENTS = (
    ("T-Shirt", "Shirts", 2_490),
    ("Oxford Shirt", "Shirts", 7_900),
    ("Hoodie", "Sweatshirts", 6_450),
    ("Chino", "Trousers", 8_995),
    ("Raincoat", "Outerwear", 18_900),
    ("Beanie", "Hats", 2_200),
    ("Wrap Dress", "Dresses", 11_900),
    ("Socks", "Socks", 1_150),
)
"""Name, product type, and about what it costs in cents."""

SINGLES = (
    ("Enamel Mug", "Kitchen", 1_600),
    ("Beeswax Candle", "Home", 2_400),
    ("Field Notes, set of 3", "Stationery", 1_295),
    ("Gift Card 50", "Gift cards", 5_000),
    ("Sample Swatch", "", 100),
    ("Cast Iron Pan 28 cm", "Kitchen", 6_900),
    ("Poster “Lighthouse” A2", "Prints", 3_500),
)

TAGS = (
    "summer",
    "winter",
    "new",
    "sale",
    "mens",
    "womens",
    "kids",
    "bestseller",
    "vegan",
    "Größe+",
    "50% off",
)

DESCRIPTIONS = (
    "",
    "<p>Made to be worn for years.</p>",
    "<p>Cut from a <strong>mid-weight</strong> cloth.</p>\n<ul><li>Machine wash 30°</li></ul>",
    "<p>Ends in a line separator\u2028 and “quotes” &amp; an emoji 🧵</p>",
)

FOREIGN_TITLES = (
    "Größentabelle-Shirt für Mädchen",
    "Chemise d'été à manches ¾",
    "綿100% Tシャツ",
    "한글 맨투맨",
    "Футболка «Север»",
    "قميص قطن",
    "חולצת פשתן",
    "Áo dài lụa",
    "Cafe\u0301 Apron",
)
"""Several scripts, two of them from right to left, and one accent written as a combining character."""

HOSTILE_TITLES = (
    "🧥👨‍👩‍👧 Family Parka 🏳️‍🌈",
    "<script>alert('title')</script> Tee",
    "Robert'); DROP TABLE product;--",
    "The \"Quoted\" 'Shirt' \\ backslash",
    "100% {{ template }} %s %(name)s ${env}",
    "\u202eReversed\u202c Tote",
    "Zero\u200bwidth Cap",
    "=SUM(A1:A9) Cardigan",
    "null",
    "A" * 119 + " " + "very long " * 13 + "Name!",
)
"""Each one breaks some careless page, file or query. The last one has about Shopify's 255 characters."""

CATEGORIES = (
    Category(
        gid="gid://shopify/TaxonomyCategory/aa-1-13-8",
        name="T-Shirts",
        full_name="Apparel & Accessories > Clothing > Clothing Tops > T-Shirts",
    ),
    Category(
        gid="gid://shopify/TaxonomyCategory/hg-11-7",
        name="Candles",
        full_name="Home & Garden > Decor > Home Fragrances > Candles",
    ),
)
