"""The mistakes: what the source says, and what it would say, were it wrong."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """``old`` occurs once in ``file``, a path below the package; with ``new`` in its place the promise in ``breaks`` is
    broken."""

    file: str
    old: str
    new: str
    breaks: str


MUTATIONS = {
    "drop a lease check": Mutation(
        "storage/leases.py",
        "            if not self._lost and self._files.highest() != self.number:\n",
        "            if False:\n",
        "who has outslept the lease goes on as if nothing had happened",
    ),
    "take over without waiting": Mutation(
        "storage/leases.py",
        "        return self._stays_silent(files, seen)\n",
        "        return True\n",
        "a clock that is wrong takes the stack away from somebody who works on it",
    ),
    "believe every process dead": Mutation(
        "storage/leases.py",
        "        return self._is_local(holder) and not self._processes.is_running(holder.actor.pid, holder.started)\n",
        "        return self._is_local(holder)\n",
        "a second process of the same host works on the stack at the same time",
    ),
    "believe no process dead": Mutation(
        "storage/leases.py",
        "        return self._is_local(holder) and not self._processes.is_running(holder.actor.pid, holder.started)\n",
        "        return False\n",
        "after a crash the stack is locked",
    ),
    "skip the sync of a file": Mutation(
        "storage/file.py",
        "                self._disk.write(descriptor, data)\n                self._disk.sync(descriptor)\n",
        "                self._disk.write(descriptor, data)\n",
        "after a power failure a file is there, and empty",
    ),
    "skip the sync of a directory": Mutation(
        "storage/file.py",
        "                won = self._link(temporary, path)\n                self._sync_directory(path.parent)\n",
        "                won = self._link(temporary, path)\n",
        "after a power failure a record that was acknowledged is gone",
    ),
    "swallow a storage error": Mutation(
        "storage/file.py",
        '        raise StorageError(f"{what}: {reason[:1].lower()}{reason[1:]}", where=where, hint=hint) from None\n',
        "        return\n",
        "what could not be written counts as written",
    ),
    "reuse a revision": Mutation(
        "storage/releases.py",
        "        if not self._records.put_new(release.ref, RecordName(release.revision), data):\n",
        "        revision = max(1, release.revision - 1)\n"
        "        if self._records.put_new(release.ref, RecordName(revision), data) and revision != release.revision:\n",
        "a release has the number of the one before it",
    ),
    "append a phase before the release": Mutation(
        "operations/apply.py",
        "    history = host.releases.create(release)\n"
        '    history = host.releases.append(history, PhaseRecord("applying", host.now(), lease.number))\n',
        '    history = host.releases.append(History(release, (), ""), PhaseRecord("applying", host.now(), lease.number))\n'
        "    host.releases.create(release)\n",
        "a crash leaves a phase of which there is no release",
    ),
    "forget to record abandoned": Mutation(
        "operations/apply.py",
        "        if newest is not None and not newest.final:\n",
        "        if False:\n",
        "a release whose run died never ends",
    ),
    "trust what has not ended": Mutation(
        "operations/preview.py",
        "    return not tells(history) or bool(history.phases[-1].resources)\n",
        "    return tells(history) and bool(history.phases[-1].resources)\n",
        "a destroy after a crash finds nothing to remove",
    ),
    "apply what was previewed against something else": Mutation(
        "operations/apply.py",
        "    if newest.release.revision != base.release.revision:\n        return True\n",
        "    if newest.release.revision != base.release.revision:\n        return False\n",
        "of two runs that overlap both have their way",
    ),
    "fold without the journal": Mutation(
        "storage/states.py",
        '        self._append(b\'{"version":1,"published":"%s"}\\n%s\' % (copy.encode(), opening))\n',
        "",
        "what a run had begun when it died is not known",
    ),
    "publish before the state is folded": Mutation(
        "storage/states.py",
        "        lease.check()\n        if not self._store.put_new(self._folder + state_name(lease.number), state):\n",
        "        lease.check()\n        self._copy.write(state)\n"
        "        if not self._store.put_new(self._folder + state_name(lease.number), state):\n",
        "a crash leaves a published copy that seems to be somebody else's",
    ),
    "leave the journal there": Mutation(
        "storage/states.py",
        "            if journal <= number:\n",
        "            if False:\n",
        "every run leaves its journal behind",
    ),
    "remove the journal before the state is folded": Mutation(
        "storage/states.py",
        "        lease.check()\n        if not self._store.put_new(self._folder + state_name(lease.number), state):\n",
        "        lease.check()\n        self._remove_journal(lease.number, range(self._next))\n"
        "        if not self._store.put_new(self._folder + state_name(lease.number), state):\n",
        "a crash in between forgets everything that the run did",
    ),
    "read no journal": Mutation(
        "storage/states.py",
        "        if number <= index.state:\n            return ()\n",
        "        return ()\n",
        "what a run that died had created is created a second time",
    ),
}
