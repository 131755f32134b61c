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

"""Halts that somebody asks for, and the end of them: the services ``halt`` and ``resume``."""

from __future__ import annotations

from collections.abc import Callable

from std_srvs.srv import Trigger

from iat_ros.nodes.base import IatNode
from iat_ros.nodes.halt_file import HaltFile
from iat_ros.nodes.process import stopping
from iat_ros.robot.drivers import name_some
from iat_ros.robot.guard import Guard
from iat_ros.robot.performer import Performer
from iat_ros.robot.supervisor import Supervisor

_ON_REQUEST = "on request"


class HaltServices:
    """Has a guard halt the robot on request, and lets it go on, also past the end of the process.

    Args:
        node: Serves, and tells of halts in its log; it must be active to stop or to look at the robot.
        guard: Forbids and allows.
        supervisor: Returns what stops the robot; None while the node is not configured.
        former: Returns what performed before the node was configured anew; None: nothing.
        now_s: Tells the time [s].
    """

    def __init__(
        self,
        node: IatNode,
        guard: Guard,
        supervisor: Callable[[], Supervisor | None],
        former: Callable[[], Performer | None],
        now_s: Callable[[], float],
    ) -> None:
        self._node, self._guard, self._now_s = node, guard, now_s
        self._supervisor, self._former = supervisor, former
        self._file = HaltFile(node)
        halted = self._file.read()
        if halted:
            guard.halt(halted)
            node.get_logger().warning(f"halted since before this node was started: {halted}; call resume")
        node.create_service(Trigger, "halt", self.on_halt)
        node.create_service(Trigger, "resume", self.on_resume)

    def keep(self) -> None:
        """Keep a halt past the end of the process, if there is a new one."""
        self._file.keep(self._guard.halted)

    def leave(self) -> None:
        """Forget a halt that the guard made by itself since the start, where the process is told to end."""
        asked = self._guard.halted.startswith(_ON_REQUEST)
        if stopping.is_set() and not asked and not self._file.found:  # who made what was found is unknown
            self._file.keep("")

    def untold(self) -> str:
        """Name the joints that are sent nothing, since their controllers hold them; empty if there are none."""
        supervisor = self._supervisor()
        if supervisor is None or not supervisor.held_by_others.any():
            return ""
        held = supervisor.held_by_others
        whom = "the robot" if held.all() else name_some(supervisor.performer.model.joint_names, held)
        return f"nothing was sent to {whom}, held by controllers that do not follow"

    def on_halt(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Halt the robot, and say whether it was told to stop."""
        guard, supervisor = self._guard, self._supervisor()
        if not guard.halted.startswith(_ON_REQUEST):  # what the guard did by itself before may be over with it
            before = f"; before that: {guard.halted}" if guard.halted else ""
            guard.halt(_ON_REQUEST + before, instead=True)
        performer = self._former() if supervisor is None else supervisor.performer
        response.success, response.message = True, "halted; call resume to go on"
        if self._node.active and supervisor is not None:
            response.success = supervisor.stop()
            if untold := self.untold():
                response.message = f"halted; {untold}"
            if not response.success:
                response.message = "halted, but the robot could not be told to stop yet, which is tried again and again"
        elif performer is not None and performer.timeline.moving(self._now_s()):
            response.success = False
            response.message = "this node is not active: what it has sent goes on to its end; nothing new begins"
        response.message += self._file.keep(guard.halted, again=True)
        self._node.publish_diagnostics()  # whoever shows the state needs not wait
        return response

    def on_resume(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Let the robot go on, or say why not."""
        was = self._guard.halted
        if was and not self._node.active and self._guard.config.joint_states_timeout_s:
            reason = "this node is not active, so where the robot is, is not read; activate it first"
        else:
            reason = self._guard.resume(self._now_s()) if was else "not halted"
        supervisor = self._supervisor()
        if supervisor is not None and not reason:
            supervisor.release()
        unkept = self._file.keep(self._guard.halted, again=True)
        response.success = not reason
        response.message = (reason or f"resumed; it was halted: {was}") + unkept
        self._node.publish_diagnostics()
        return response
