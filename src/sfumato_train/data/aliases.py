"""Other words for the concepts of the emoji sets: people say "car", the sets say "automobile"."""

from __future__ import annotations


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """Comma-separated "concept = word/word"."""
    pairs = (entry.partition("=") for entry in " ".join(text.split()).split(","))
    return {concept.strip(): tuple(w.strip() for w in words.split("/")) for concept, _, words in pairs}


ALIASES = _table("""
    automobile = car, oncoming automobile = car/front of a car, sport utility vehicle = suv/car,
    doughnut = donut, couch and lamp = sofa/couch, hot beverage = cup of coffee/cup of tea, wrapped gift
    = gift/present, television = tv/television set, mobile phone = phone/smartphone, soccer ball =
    football/ball, red apple = apple, green apple = apple, desktop computer = computer/pc, kick scooter
    = scooter, bicycle = bike, motorcycle = motorbike, articulated lorry = truck/lorry, delivery truck =
    truck, fire engine = fire truck, passenger ship = ship/cruise ship, locomotive = steam train/train,
    high-speed train = train, deciduous tree = tree, evergreen tree = pine tree/fir tree, lady beetle =
    ladybug/ladybird, honeybee = bee, sauropod = dinosaur, t-rex = dinosaur/tyrannosaurus, two-hump
    camel = camel, ewe = sheep, ear of corn = corn, cheese wedge = cheese, hot pepper = chili pepper,
    soft ice cream = ice cream cone, shortcake = piece of cake/slice of cake, birthday cake = cake,
    bread = loaf of bread, cooked rice = bowl of rice, steaming bowl = bowl of soup/noodle soup, glass
    of milk = milk, wine glass = glass of red wine, beer mug = beer, pot of food = stew/pot, french
    fries = fries/chips, hamburger = burger, poultry leg = chicken leg, jack-o-lantern = halloween
    pumpkin/pumpkin, house with garden = house with a tree, snow-capped mountain = mountain, sun =
    sunshine, glowing star = shining star, closed umbrella = umbrella, gem stone = diamond/gem, running
    shoe = sneaker/shoe, high-heeled shoe = high heel, thong sandal = flip-flop, billed cap = baseball
    cap/cap, headphone = headphones, telephone receiver = phone receiver, locked = padlock/lock,
    unlocked = open padlock, magnifying glass tilted left = magnifying glass, magnifying glass tilted
    right = magnifying glass, straight ruler = ruler, triangular ruler = set square, artist palette =
    paint palette, money bag = bag of money, dagger = knife, crossed swords = swords, cat face =
    cat/face of a cat, dog face = dog/face of a dog, rabbit face = rabbit/bunny, rabbit = bunny, tiger
    face = tiger, monkey face = monkey, pig face = pig/piglet, cow face = cow, mouse face = mouse, horse
    face = horse, dragon face = dragon, panda = panda bear, frog = frog face, pile of poo = poop, red
    heart = heart, grinning face = smiley/happy face, crying face = sad face, skull = death, flying
    saucer = ufo/spaceship, rocket = spaceship, globe showing europe-africa = earth/globe, globe showing
    americas = earth/globe, ringed planet = planet/saturn, mage = wizard, cook = chef
""")
