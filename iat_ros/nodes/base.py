# Copyright 2026 iat_ros maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What every lifecycle node of this package shares: parameters, refusals, counters and diagnostics."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.time_source import CLOCK_TOPIC

from iat_ros.errors import IatError, describe
from iat_ros.nodes.callback_guard import guard_clock, guard_service
from iat_ros.nodes.drops import Drops
from iat_ros.nodes.parameters import Parameter, ParameterTable
from iat_ros.nodes.reading import MessageReader

SENSOR_QOS = qos_profile_sensor_data
"""Best effort: matches every sensor's publisher, reliable or not."""
RESULT_QOS = QoSProfile(depth=64, reliability=ReliabilityPolicy.RELIABLE)
"""As deep as people are many: what all of them do at once finds room."""
UNEXPECTED = "because of an unexpected"
"""What drops name that nobody foresaw."""
_MOST_SAID = 50
_LONGEST_REFUSAL = 1000  # characters; a URDF may hold names of megabytes


class IatNode(LifecycleNode):
    """A lifecycle node that refuses bad values with one clear line and counts what it drops.

    Subclasses name their `PARAMETERS` and implement `setup` (on configure; may raise IatError) and `teardown`.
    Callbacks are wrapped by `guarded`, so that they run only while the node is active, and so that an unusable
    message is a counted drop.

    Attributes:
        kind: The name that this package gives the node; it may have been given another.
        unusable: Why what the process was started with is unusable for this node, which is never configured then.
    """

    PARAMETERS: ClassVar[Sequence[Parameter]] = ()

    def __init__(self, name: str, **options: Any) -> None:
        self._polled: set[str] = set()  # topics of subscriptions that no executor waits for
        super().__init__(name, **options)
        self.kind, self.unusable = name, ""
        self.parameters = ParameterTable(self, self.PARAMETERS, self.change)
        self.active = False
        self._refused = ""  # why it could not be configured
        self.counts: Counter[str] = Counter()
        self.dropped = Drops()
        self._said: dict[str, float] = {}  # when each reason was last told
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._diagnostics_timer = self.create_timer(1.0, self.publish_diagnostics)
        for service in self.services:  # rclpy makes those of the life cycle without create_service
            guard_service(service, self.drop)

    def create_service(self, *args: Any, **options: Any) -> Service:
        """Create a service that outlives its errors; as in `rclpy.node.Node`, which creates its own here, too."""
        service = super().create_service(*args, **options)
        guard_service(service, self.drop)
        return service

    def create_subscription(self, kind: type, topic: str, callback: Any, *args: Any, **options: Any) -> Subscription:
        """Create a subscription, as in `rclpy.node.Node`; that of the time outlives its errors, others count theirs."""
        if topic == CLOCK_TOPIC:
            callback = guard_clock(callback, topic, self.drop)
        elif not options.get("raw"):
            callback = MessageReader(kind, self.resolve_topic_name(topic), self.drop).each(callback)
            options["raw"] = True
        return super().create_subscription(kind, topic, callback, *args, **options)

    def create_polled_subscription(
        self, kind: type, topic: str, qos: QoSProfile, raw: bool = False, matched: Callable[[], None] | None = None
    ) -> Subscription:
        """Create a subscription that no executor waits for: `take_waiting` takes what is there when it is needed.

        Messages that come a thousand times a second would else take a tenth of a core for being handed on. Where
        ``matched`` is given, an executor calls it when a publisher has come.
        """
        self._polled.add(self.resolve_topic_name(topic))
        events = None if matched is None else SubscriptionEventCallbacks(matched=_when_more(matched))
        return super().create_subscription(kind, topic, lambda _: None, qos, raw=raw, event_callbacks=events)

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        """The subscriptions that an executor waits for."""
        yield from (each for each in super().subscriptions if each.topic_name not in self._polled)

    def setup(self, values: dict[str, Any]) -> None:
        """Make everything that the node needs from its parameters.

        Raises:
            IatError: A value cannot be used; the node stays unconfigured.
        """
        raise TypeError(f"{type(self).__name__} must implement setup()")

    def teardown(self) -> None:
        """Free what `setup` made."""

    def change(self, values: dict[str, Any]) -> None:
        """Take new values of live parameters while configured."""

    def trouble(self) -> str:
        """Say what keeps the node from its work at the moment; empty if nothing does."""
        return ""

    def state(self) -> dict[str, str]:
        """Tell what diagnostics show beside counts, by name."""
        return {}

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters and set up, or refuse with one line."""
        if self.unusable:
            return self._refuse(self.unusable)
        try:
            self.setup(self.parameters.read())
        except IatError as error:
            return self._refuse(str(error))
        except Exception as error:  # noqa: BLE001 - rclpy would swallow it and leave the user without a word
            return self._refuse(f"unexpected {describe(error)}")
        self.parameters.locked, self._refused = True, ""
        return super().on_configure(state)

    def _refuse(self, reason: str) -> TransitionCallbackReturn:
        self._refused = reason[:_LONGEST_REFUSAL]
        self.get_logger().error(f"refused to configure: {self._refused}")
        self.teardown()
        return TransitionCallbackReturn.FAILURE

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to work."""
        self.active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working; what was set up stays."""
        self.active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free what was set up; parameters may change again."""
        return self._let_go(super().on_cleanup(state))

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free what was set up."""
        return self._let_go(super().on_shutdown(state))

    def leave(self) -> bool:
        """Do what must be done before the process ends; return whether something was sent."""
        return False

    def _let_go(self, result: TransitionCallbackReturn) -> TransitionCallbackReturn:
        self.active = False
        self.parameters.locked = False
        self.teardown()
        return result

    def guarded(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Wrap a subscription's callback: nothing while inactive; unusable messages are counted and named.

        A callback may take one message, or a list of several.
        """

        def count(message: Any) -> int:
            """How many messages these are."""
            return len(message) if isinstance(message, (list, tuple)) else 1

        def call(message: Any) -> None:
            """Hand an active node its message, and count what it refuses."""
            if not self.active:
                return
            try:
                callback(message)
            except IatError as error:
                self.drop(str(error), count(message))
            except Exception as error:  # noqa: BLE001 - one message must not end the node; it is counted and named
                self.drop(f"message, {UNEXPECTED} {describe(error)}", count(message))

        return call

    def drop(self, reason: str, count: int = 1) -> None:
        """Count something that is not used, and say so, each reason at most once in two seconds."""
        reason, key = self.dropped.note(reason, count)
        now = time.monotonic()
        if now - self._said.get(key, -math.inf) > 2.0:
            if len(self._said) > _MOST_SAID:
                self._said.clear()
            self._said[key] = now
            self.get_logger().warning(f"dropped: {reason}")

    def publish_diagnostics(self) -> None:
        """Tell in ``/diagnostics`` how the node is."""
        total = sum(self.dropped.values())
        trouble = self.trouble() if self.active else ""
        state = "active" + (f", {trouble}" if trouble else "") if self.active else "not active"
        well = DiagnosticStatus.OK if self.active and not total else DiagnosticStatus.WARN
        status = DiagnosticStatus(
            level=DiagnosticStatus.ERROR if self.active and trouble else well,
            name=self.get_fully_qualified_name(),
            message=f"{state}, {total} dropped" if total else state,
            hardware_id="iat_ros",
        )
        idle = f"not configured: {self._refused}" if self._refused else "not active"
        values: dict[str, object] = {"trouble": trouble if self.active else idle}
        values |= {
            **self.state(),
            **self.counts,
            **{f"dropped: {reason}": count for reason, count in self.dropped.most_common(20)},
        }
        status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
        message = DiagnosticArray(status=[status])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)


def _when_more(matched: Callable[[], None]) -> Callable[[Any], None]:
    """Call it when publishers have come, not when one has gone; the EventsExecutor tells the change as 0 at times."""
    total = 0

    def look(event: Any) -> None:
        """Compare how many there have ever been with how many there had been."""
        nonlocal total
        if event.total_count > total:
            total = event.total_count
            matched()

    return look
