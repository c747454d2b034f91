"""Which WordPieces a language model needs: those of the words it is trained on, the frequent ones first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import torch
from tokenizers import Tokenizer
from torch import Tensor

from sfumato.networks.language import END, NO_WORD, START, UNKNOWN, Language
from sfumato_train.data.aliases import ALIASES
from sfumato_train.data.captions import spoken_name
from sfumato_train.data.record import Record

SPECIAL = {UNKNOWN: "[UNK]", START: "[CLS]", END: "[SEP]"}
CONTINUED = "##"
READ_AT_ONCE = 1024


def words_of(record: Record) -> str:
    """All that captions can say of a record."""
    said = [spoken_name(record), record.style, record.category, *record.keywords, *record.attributes]
    return ", ".join([*said, *ALIASES.get(record.concept, ())])


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """`words` int64 [V]: the tokenizer's number of each piece of a word, NO_WORD where none is left.

    `ends` bool [V]: whether a word was ever seen to end with it ("apple" and "##s" are, "choco" is not). `joins` int64
    [J, 2]: pieces, by their place in `words`, that were seen one after the other within a word.
    """

    words: Tensor
    ends: Tensor
    joins: Tensor


def vocabulary(tokenizer: Tokenizer, texts: Iterable[str], *, size: int, joins: int) -> Vocabulary:
    """The special words first, then by how often the texts hold them; of equally frequent ones the lower number."""
    counts: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    endings: set[int] = set()
    goes_on = {i for piece, i in tokenizer.get_vocab().items() if piece.startswith(CONTINUED)}
    for part in _parts(texts):
        for encoding in tokenizer.encode_batch(part, add_special_tokens=False):
            ids = [i for i, real in zip(encoding.ids, encoding.attention_mask, strict=True) if real]
            counts.update(ids)
            pairs.update((i, following) for i, following in pairwise(ids) if following in goes_on)
            endings.update(ids[-1:], (i for i, following in pairwise(ids) if following not in goes_on))
    known = tokenizer.get_vocab()
    special = [known[SPECIAL[number]] for number in sorted(SPECIAL)]
    chosen = sorted((i for i in counts if i not in special), key=lambda i: (-counts[i], i))
    found = [*special, *chosen][:size]
    words = torch.tensor(found + [NO_WORD] * (size - len(found)))
    ends = torch.tensor([i in endings for i in words.tolist()])
    return Vocabulary(words=words, ends=ends, joins=_numbered(pairs, found, joins))


def _numbered(pairs: Counter[tuple[int, int]], words: list[int], size: int) -> Tensor:
    """[J, 2]: the most frequent pairs whose parts are both known, in the model's numbering."""
    place = {word: number for number, word in enumerate(words)}
    known = sorted((pair for pair in pairs if set(pair) <= place.keys()), key=lambda pair: (-pairs[pair], pair))
    kept = [[place[one], place[other]] for one, other in known[:size]]
    return torch.tensor(kept + [[NO_WORD, NO_WORD]] * (size - len(kept)))


def numbering(words: Tensor, tokenizer_size: int) -> Tensor:
    """The way back, int64 [tokenizer_size]: from the tokenizer's numbers to the model's, UNKNOWN for all others."""
    back = torch.full((tokenizer_size,), UNKNOWN, dtype=torch.long)
    known = words != NO_WORD
    back[words[known]] = torch.arange(len(words))[known]
    return back


def vocabulary_file(network: Language, tokenizer: Tokenizer) -> str:
    """What `sfumato.text.vocabulary` reads: for each number the piece, 1 where it may end a word, what may go on."""
    words, ends = network.words.tolist(), network.ends.tolist()
    after: dict[int, list[int]] = {}
    for one, other in sorted(network.joins[network.joins[:, 0] != NO_WORD].tolist()):
        after.setdefault(one, []).append(other)
    pieces = ["" if word == NO_WORD else tokenizer.id_to_token(word) for word in words]
    joined = [" ".join(map(str, after.get(number, []))) for number in range(len(words))]
    return "".join(f"{piece}\t{int(end)}\t{on}\n" for piece, end, on in zip(pieces, ends, joined, strict=True))


def read_vocabulary(text: str, tokenizer: Tokenizer, *, joins: int) -> Vocabulary:
    """What `vocabulary_file` wrote; `joins` is the room for pairs. Raises ValueError for any other text."""
    rows = [line.split("\t") for line in text.splitlines()]
    words = [tokenizer.token_to_id(piece) if piece else NO_WORD for piece, _, _ in rows]
    pairs = [[one, int(other)] for one, (_, _, after) in enumerate(rows) for other in after.split()]
    return Vocabulary(
        words=torch.tensor(words),
        ends=torch.tensor([end == "1" for _, end, _ in rows]),
        joins=torch.tensor(pairs + [[NO_WORD, NO_WORD]] * (joins - len(pairs))).reshape(-1, 2),
    )


def _parts(texts: Iterable[str]) -> Iterable[list[str]]:
    part: list[str] = []
    for text in texts:
        part.append(text)
        if len(part) == READ_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
