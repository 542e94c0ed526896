"""From an embedding and boxes to outlines: prompt encoder and mask decoder of Segment Anything.

Facts of Kirillov et al., Segment Anything, ICCV 2023, with the sizes of LiteMedSAM. Only what a box
and a single outline need is here: no points, no masks as prompts, no choice of three outlines.
"""

from math import tau
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.medsam_encoder import (
    EMBEDDING_CHANNELS,
    EMBEDDING_PIXELS,
    PICTURE_PIXELS,
    ChannelNorm,
)

HEADS: Final = 8
DEPTH: Final = 2
PERCEPTRON_CHANNELS: Final = 2048
NARROWED: Final = 2
OUTLINE_TOKENS: Final = 4
UPSCALED_CHANNELS: Final = (64, 32)
CORNERS: Final = 2


class BoxEncoder(nn.Module):
    """Places of a picture, and what a box's corners look like to the decoder."""

    directions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("directions", torch.zeros(2, EMBEDDING_CHANNELS // 2))
        self.corners = nn.Parameter(torch.zeros(CORNERS, EMBEDDING_CHANNELS))
        self.no_mask = nn.Parameter(torch.zeros(EMBEDDING_CHANNELS))

    def forward(self, boxes: Tensor) -> Tensor:
        """Return ``(boxes, 2, 256)`` for boxes ``(n, 4)``: x0, y0, x1, y1 in pixels."""
        corners = boxes.view(-1, CORNERS, 2) + 0.5
        return self.code_of(corners / PICTURE_PIXELS) + self.corners

    def code_of(self, places: Tensor) -> Tensor:
        """Return the code ``(..., 256)`` of places ``(..., 2)``, x and y as shares of a picture."""
        # float32: bfloat16 holds three digits, which is too few for an angle
        angles = tau * ((2.0 * places.float() - 1.0) @ self.directions.float())
        code = torch.cat((angles.sin(), angles.cos()), dim=-1)
        return code.to(self.directions.dtype)

    def places(self) -> Tensor:
        """Return the codes of the embedding's pixels, ``(64 * 64, 256)``."""
        device = self.directions.device
        centres = (torch.arange(EMBEDDING_PIXELS, device=device) + 0.5) / EMBEDDING_PIXELS
        rows, columns = torch.meshgrid(centres, centres, indexing="ij")
        return self.code_of(torch.stack((columns, rows), dim=-1)).flatten(0, 1)


class Attention(nn.Module):
    """Attention of queries to keys with values, on fewer channels inside than outside."""

    def __init__(self, *, narrowed: int = 1) -> None:
        super().__init__()
        inner = EMBEDDING_CHANNELS // narrowed
        self.query = nn.Linear(EMBEDDING_CHANNELS, inner)
        self.key = nn.Linear(EMBEDDING_CHANNELS, inner)
        self.value = nn.Linear(EMBEDDING_CHANNELS, inner)
        self.project = nn.Linear(inner, EMBEDDING_CHANNELS)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Return ``(batch, queries, 256)``."""
        parts = (self.query(queries), self.key(keys), self.value(values))
        query, key, value = (p.unflatten(-1, (HEADS, -1)).transpose(1, 2) for p in parts)
        seen = functional.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.project(seen.transpose(1, 2).flatten(2))
        return projected


class TwoWayBlock(nn.Module):
    """Tokens look at themselves and at the picture, then the picture looks at the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.within = Attention()
        self.to_picture = Attention(narrowed=NARROWED)
        self.to_tokens = Attention(narrowed=NARROWED)
        self.first = nn.Linear(EMBEDDING_CHANNELS, PERCEPTRON_CHANNELS)
        self.second = nn.Linear(PERCEPTRON_CHANNELS, EMBEDDING_CHANNELS)
        self.norms = nn.ModuleList(nn.LayerNorm(EMBEDDING_CHANNELS) for _ in range(4))

    def forward(
        self, tokens: Tensor, picture: Tensor, prompts: Tensor, places: Tensor, *, first: bool
    ) -> tuple[Tensor, Tensor]:
        """Return tokens and picture; ``prompts`` and ``places`` say again where each is.

        In the ``first`` block the tokens are nothing but the prompts, and are replaced.
        """
        if first:
            tokens = self.within(tokens, tokens, tokens)
        else:
            asked = tokens + prompts
            tokens = tokens + self.within(asked, asked, tokens)
        tokens = self.norms[0](tokens)
        tokens = tokens + self.to_picture(tokens + prompts, picture + places, picture)
        tokens = self.norms[1](tokens)
        tokens = self.norms[2](tokens + self.second(functional.relu(self.first(tokens))))
        picture = picture + self.to_tokens(picture + places, tokens + prompts, tokens)
        return tokens, self.norms[3](picture)


class TwoWayTransformer(nn.Module):
    """Two blocks, and a last look of the tokens at the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TwoWayBlock() for _ in range(DEPTH))
        self.last = Attention(narrowed=NARROWED)
        self.norm = nn.LayerNorm(EMBEDDING_CHANNELS)

    def forward(self, prompts: Tensor, picture: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens ``(batch, tokens, 256)`` and picture ``(batch, pixels, 256)``."""
        tokens = prompts
        for number, block in enumerate(self.blocks):
            tokens, picture = block(tokens, picture, prompts, places, first=number == 0)
        seen = self.last(tokens + prompts, picture + places, picture)
        return self.norm(tokens + seen), picture


class OutlineDecoder(nn.Module):
    """From an embedding and encoded boxes to logits and the outline's expected overlap."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = TwoWayTransformer()
        self.iou_token = nn.Parameter(torch.zeros(1, EMBEDDING_CHANNELS))
        self.outline_tokens = nn.Parameter(torch.zeros(OUTLINE_TOKENS, EMBEDDING_CHANNELS))
        wide, narrow = UPSCALED_CHANNELS
        self.upscaling = nn.Sequential(
            nn.ConvTranspose2d(EMBEDDING_CHANNELS, wide, 2, stride=2),
            ChannelNorm(wide),
            nn.GELU(),
            nn.ConvTranspose2d(wide, narrow, 2, stride=2),
            nn.GELU(),
        )
        self.outline_head = _head(narrow)
        self.iou_head = _head(1)

    def forward(
        self, embedding: Tensor, no_mask: Tensor, places: Tensor, corners: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return logits ``(boxes, 256, 256)`` and expected overlaps ``(boxes,)``.

        ``embedding`` is ``(256, 64, 64)``, ``places`` ``(64 * 64, 256)``, ``corners`` ``(boxes, 2,
        256)``.
        """
        count = corners.shape[0]
        own = torch.cat((self.iou_token, self.outline_tokens)).expand(count, -1, -1)
        prompts = torch.cat((own, corners), dim=1)
        pixels = (embedding.flatten(1).T + no_mask).expand(count, -1, -1)
        tokens, picture = self.transformer(prompts, pixels, places)
        finer = self.upscaling(picture.transpose(1, 2).unflatten(2, embedding.shape[1:]))
        weights = self.outline_head(tokens[:, 1])
        logits = torch.einsum("bc,bcyx->byx", weights, finer)
        return logits, self.iou_head(tokens[:, 0])[:, 0]


def _head(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(EMBEDDING_CHANNELS, EMBEDDING_CHANNELS),
        nn.ReLU(),
        nn.Linear(EMBEDDING_CHANNELS, EMBEDDING_CHANNELS),
        nn.ReLU(),
        nn.Linear(EMBEDDING_CHANNELS, channels),
    )
