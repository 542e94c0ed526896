"""LiteMedSAM: the outline of whatever a box on a slice holds (Ma et al. 2024).

A slice is encoded once; each box on it then costs little. See `models.networks.medsam_encoder` and
`models.networks.medsam_decoder`; weights: `models.medsam_weights`.
"""

from torch import Tensor, nn

from models.networks.medsam_decoder import BoxEncoder, OutlineDecoder
from models.networks.medsam_encoder import ImageEncoder


class MedsamLiteNetwork(nn.Module):
    """Image encoder, box encoder and outline decoder.

    Pictures are ``(batch, 1, 256, 256)`` in [0, 1]; boxes are x0, y0, x1, y1 in their pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ImageEncoder()
        self.boxes = BoxEncoder()
        self.decoder = OutlineDecoder()

    def forward(self, pictures: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits and expected overlaps of ``(n, 4)`` boxes on one picture."""
        return self.outlines(self.encode(pictures)[0], boxes)

    def encode(self, pictures: Tensor) -> Tensor:
        """Return embeddings ``(batch, 256, 64, 64)``."""
        embeddings: Tensor = self.encoder(pictures)
        return embeddings

    def outlines(self, embedding: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return what an embedded picture holds in each of ``(n, 4)`` boxes.

        Returns
        -------
        logits
            ``(n, 256, 256)``; above 0 is inside.
        expected
            ``(n,)``, how well the network expects each outline to overlap with the truth
            (intersection over union).
        """
        logits, expected = self.decoder(
            embedding, self.boxes.no_mask, self.boxes.places(), self.boxes(boxes)
        )
        return logits, expected
