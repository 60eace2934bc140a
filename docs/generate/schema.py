"""Write the JSON schema of scenario files, which is installed for editors, from the classes that read these files.

python docs/generate/schema.py            write it
python docs/generate/schema.py --check    exit 1 if it is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from herzschlag.scenarios.schema import schema_text

TARGET = Path(__file__).resolve().parents[2] / "herzschlag/scenarios/scenario.schema.json"


def main() -> int:
    text = schema_text(with_extensions=False)
    if "--check" in sys.argv:
        return 0 if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
