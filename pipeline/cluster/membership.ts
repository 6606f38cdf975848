import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import { RECORD_FORM } from '../../schemas/record-form.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import { withRetry } from '../runtime/retry.ts'
import type { ClusterRegistry, Member, MemberHeartbeat, RegistryView, Share } from './registry.ts'

export interface MembershipOptions {
  readonly jetstream: JetStreamContext
  readonly registry: ClusterRegistry
  /** Unique over all processes that ever run. */
  readonly id: string
  readonly workloads: readonly string[]
  /** Machine and process namespace of this process. Members with the same one notice each other's exit at once, by pid. */
  readonly hostIdentity: string
  readonly pid: number
  /** Whether a process with the same `hostIdentity` still runs. */
  readonly isProcessAlive: (pid: number) => boolean
  /** A member counts as alive for this long after its last heartbeat. */
  readonly leaseMs: number
  readonly log: Logger
}

/** The cluster at one moment, as this member sees it. */
export interface ClusterView extends Omit<RegistryView, 'members'> {
  /** The members that are alive, this one included unless it is leaving. */
  readonly members: readonly Member[]
  /** The newest form of records that every member reads, those included that may be alive unseen. */
  readonly recordForm: number
}

export interface Membership {
  readonly id: string
  /** False once this member's heartbeats have failed for so long that others may have taken over: it must append nothing. */
  isCurrent(): boolean
  /** Calls back with each new view, one call at a time. The registry is polled after every change that a member announces. */
  onView(reconcile: (view: ClusterView) => Promise<void>): void
  /** Sets the progress of a workload's partitions that each heartbeat reports. */
  reportShare(workload: string, share: () => Share): void
  /** Leaves a partition to other members for good. Settles once the registry has it. */
  yieldPartition(workload: string, partition: number): Promise<void>
  /** The progress of a workload that the living members reported last. */
  sharesOf(workload: string): readonly Share[]
  /** Takes part in a further workload without partitions. Settles once the registry has it; if that fails, the next heartbeat says it. */
  takeUp(workload: string): Promise<void>
  /** Ends what `takeUp` began. The next heartbeat says it. */
  giveUp(workload: string): void
  /** Whether every living member that takes part in one workload takes part in another too. */
  takePart(of: string, workload: string): boolean
  /** As in the last view; 1 before the first. */
  recordForm(): number
  /** Reads the registry and settles once every callback has handled the view. @throws what a read or a callback threw */
  poll(): Promise<void>
  /** Tells the other members to poll. */
  notify(): void
  /** Gives up its claim to partitions and stops polling; its leases may then be released. */
  leave(): Promise<void>
  /** Removes this member from the registry. Its leases must be released before. */
  stop(): Promise<void>
}

/** A core NATS subject: a member that receives a message on it polls the registry. */
const CHANGE_SUBJECT = 'colloquy.cluster'
/** Several heartbeats may be lost before another member takes over. */
const HEARTBEATS_PER_LEASE = 5
/** A dead member's entry is removed after this many leases. */
const REMOVED_AFTER_LEASES = 20
/** One request that a busy server leaves unanswered must not keep the partitions until the leases end; more would hold up the stop. */
const FAREWELL_RETRY = { pauses: { minMs: 20, maxMs: 20 }, retriesMax: 1 }

/** Joins the cluster. The first heartbeat must succeed; later heartbeats and polls that fail are repeated with the next one. */
export async function joinCluster(options: MembershipOptions): Promise<Membership> {
  const { jetstream, registry, id, leaseMs, log } = options
  const shares = new Map<string, () => Share>()
  const yielded: Record<string, number[]> = {}
  const takenUp = new Set<string>()
  const listeners: ((view: ClusterView) => Promise<void>)[] = []
  let heartbeatAt = performance.now()
  /** Times that the heartbeats failed for a whole lease. After each one this member must poll before it may append again. */
  let lapses = 0
  let lapsesSeen = 0
  let leaving = false
  /** False once a farewell had no answer. */
  let isAnswered = true
  let latest: readonly Member[] = []
  let recordForm = 1
  let polling: Promise<void> | undefined
  /** The callbacks of the current poll. A leaving member waits for them and not for the read: NATS may be away. */
  let reconciling: Promise<PromiseSettledResult<void>[]> | undefined
  let isPollWanted = false

  const sendHeartbeat = async (): Promise<void> => {
    const sentAt = performance.now()
    const heartbeat: MemberHeartbeat = {
      id,
      place: options.hostIdentity,
      pid: options.pid,
      works: leaving ? [] : [...options.workloads, ...takenUp],
      shares: Object.fromEntries([...shares].map(([workload, share]) => [workload, share()])),
      declines: yielded,
      recordForm: RECORD_FORM,
    }
    await registry.heartbeat(heartbeat)
    if (sentAt - heartbeatAt > leaseMs) lapses += 1
    heartbeatAt = sentAt
  }
  const readView = async (): Promise<ClusterView> => {
    const { members, leases } = await registry.read(options.workloads)
    const now = members.find((member) => member.id === id)?.at ?? Date.now()
    // A clock of the servers that was ahead once must not keep a dead member alive until that time comes.
    const isWithinLeases = (member: Member, leases: number): boolean => Math.abs(now - member.at) <= leaseMs * leases
    const hasExited = (member: Member): boolean =>
      member.id !== id && member.place === options.hostIdentity && !options.isProcessAlive(member.pid)
    const isAlive = (member: Member): boolean => member.id === id || (isWithinLeases(member, 1) && !hasExited(member))
    // A member that was silent for a lease may have been paused, and go on where it was.
    const mayReadOn = members.filter((member) => isWithinLeases(member, REMOVED_AFTER_LEASES) && !hasExited(member))
    for (const member of members) if (!isWithinLeases(member, REMOVED_AFTER_LEASES)) await registry.removeMember(member.id)
    const forms = mayReadOn.map((member) => member.recordForm)
    return { members: members.filter(isAlive), leases, recordForm: Math.min(RECORD_FORM, ...forms) }
  }
  const pollOnce = async (): Promise<void> => {
    const before = lapses
    const view = await readView()
    if (leaving) return
    latest = view.members
    recordForm = view.recordForm
    reconciling = Promise.allSettled(listeners.map((reconcile) => reconcile(view)))
    for (const result of await reconciling) if (result.status === 'rejected') throw result.reason
    lapsesSeen = before
  }
  /** One poll at a time; all calls during it lead to one more. */
  const poll = (): Promise<void> => {
    if (polling !== undefined) {
      isPollWanted = true
      return polling
    }
    polling = pollOnce().finally(() => {
      polling = undefined
      if (!isPollWanted) return
      isPollWanted = false
      pollInBackground()
    })
    return polling
  }
  const pollInBackground = (): void => {
    if (leaving) return
    poll().catch((error: unknown) =>
      rateLimitedWarn(log, { code: codeOf(error), err: error }, 'could not read the cluster registry; retrying'),
    )
  }
  const subscription = jetstream.nc.subscribe(CHANGE_SUBJECT, {
    callback: (error, message) => {
      if (error === null && message.string() !== id) pollInBackground()
    },
  })
  const heartbeats = setInterval(() => {
    sendHeartbeat().catch((error: unknown) =>
      rateLimitedWarn(log, { code: codeOf(error), err: error }, 'could not write the heartbeat of this member; retrying'),
    )
    pollInBackground()
  }, leaseMs / HEARTBEATS_PER_LEASE)
  await sendHeartbeat()
  const isCurrent = (): boolean => isAnswered && lapsesSeen === lapses && performance.now() - heartbeatAt < leaseMs
  /** Whether the registry answered before the leases end by themselves: NATS may be away. */
  const isAnsweredInTime = (farewell: () => Promise<void>): Promise<boolean> =>
    Promise.race([
      withRetry(farewell, FAREWELL_RETRY).then(
        () => true,
        () => false,
      ),
      delay(leaseMs - (performance.now() - heartbeatAt), false, { ref: false }),
    ])

  return {
    id,
    isCurrent,
    onView: (reconcile) => void listeners.push(reconcile),
    reportShare: (workload, share) => void shares.set(workload, share),
    async yieldPartition(workload, partition) {
      yielded[workload] = [...(yielded[workload] ?? []), partition]
      await sendHeartbeat()
    },
    async takeUp(workload) {
      takenUp.add(workload)
      await sendHeartbeat()
      jetstream.nc.publish(CHANGE_SUBJECT, id)
    },
    giveUp: (workload) => void takenUp.delete(workload),
    sharesOf: (workload) => latest.flatMap((member) => member.shares[workload] ?? []),
    takePart: (of, workload) => latest.every(({ works }) => !works.includes(of) || works.includes(workload)),
    recordForm: () => recordForm,
    poll,
    notify: () => jetstream.nc.publish(CHANGE_SUBJECT, id),
    async leave() {
      leaving = true
      await reconciling
      // The others already count a member whose lease has lapsed as gone.
      if (!isCurrent()) return
      isAnswered = await isAnsweredInTime(sendHeartbeat)
      if (!isAnswered) log.debug('the registry did not answer the farewell; the other members wait for the leases to end')
    },
    async stop() {
      leaving = true
      clearInterval(heartbeats)
      subscription.unsubscribe()
      await reconciling
      if (isCurrent() && !(await isAnsweredInTime(() => registry.removeMember(id))))
        log.debug('could not remove this member; its entry ages out')
      jetstream.nc.publish(CHANGE_SUBJECT, id)
    },
  }
}
