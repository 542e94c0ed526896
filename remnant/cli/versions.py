"""What ``remnant --version`` says."""

import remnant


def versions() -> str:
    """Return the version, and that of each model with whether it is installed."""
    from models.registry import installed, list_models

    lines = (
        f"model {one.id} {one.version}: {'' if installed(one.id) else 'not '}installed"
        for one in list_models()
    )
    return "\n".join((f"remnant {remnant.__version__}", *lines))
