"""The policy pack: no namespace sprawl gets past a preview, and what the article learned stays learned."""
