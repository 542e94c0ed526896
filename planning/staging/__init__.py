"""Operations in stages, and growth between them."""
