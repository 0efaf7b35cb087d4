"""The live equation: whatever happens, at once or in turn, a stale snapshot plus the events is a fresh snapshot.

For every role, in each CPTS that sees the slots, and without a gap in `seq`.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.availability import reads
from services.availability.live import view
from services.availability.sweeper import EACH_TIME, seldom, sweep
from services.availability.tables import OUTBOX
from shared.auth import OWN_SLOTS_ONLY, Caller, Role
from shared.clock import PARIS
from shared.db import Scope, database_now, set_scope
from shared.events import State
from shared.events import apply as apply_event
from shared.live import seen_event
from shared.live_api import seen
from shared.log import Entry, Position
from shared.settings import Settings
from tests.builders import CPTS, MORNING, NEIGHBOUR, Service, Territory, a_territory, availability, show, slots_order
