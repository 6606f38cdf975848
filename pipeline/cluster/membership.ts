import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { ClusterRegistry, RegistryView, Member, MemberHeartbeat, Share } from './registry.ts'

export interface MembershipOptions {
  readonly jetstream: JetStreamContext
  readonly registry: ClusterRegistry
  /** Unique over all processes there ever are. */
  readonly id: string
  readonly workloads: readonly string[]
  /** Machine and process namespace of this process, and its pid there: a neighbour that is gone is noticed at once. */
  readonly hostIdentity: string
  readonly pid: number
  /** Whether a process of this place still runs. */
  readonly isProcessAlive: (pid: number) => boolean
  /** How long a member that says nothing counts as alive. */
  readonly leaseMs: number
  readonly log: Logger
}

/** The cluster at one moment, as this member sees it. */
export interface ClusterView extends Omit<RegistryView, 'members'> {
  /** Those that are alive, this one included unless it is leaving. */
  readonly members: readonly Member[]
}

export interface Membership {
  readonly id: string
  /** False once this member has not been heard of for so long that others may have taken over: it must append nothing. */
  isCurrent(): boolean
  /** Calls back with each new view, one call at a time; a look at the board follows every change somebody tells of. */
  onView(reconcile: (view: ClusterView) => Promise<void>): void
  /** What is told of a work's partitions with each note. */
  reportShare(work: string, share: () => Share): void
  /** Leaves a partition to others for good; they learn of it before this settles. */
  yieldPartition(work: string, partition: number): Promise<void>
  /** What the living members last told of theirs. */
  sharesOf(work: string): readonly Share[]
  /** Settles once everybody was called back with the cluster as it is now. @throws what hindered it */
  poll(): Promise<void>
  /** Tells the others to look. */
  notify(): void
  /** Wants nothing more, and looks no more; what it has may now be released. */
  leave(): Promise<void>
  /** Is gone. Leases must have been released by then. */
  stop(): Promise<void>
}

/** A core NATS subject: whoever hears it looks at the board. */
const CHANGE_SUBJECT = 'colloquy.cluster'
/** Notes per lease, so that several may be lost before anybody takes over. */
const HEARTBEATS_PER_LEASE = 5
/** Notes of members that are gone are taken away after so many leases. */
const FORGET_AFTER_LEASES = 20

/** Takes part in the cluster. The first note must succeed; later ones, and looks, are tried again with the next. */
export async function joinCluster(options: MembershipOptions): Promise<Membership> {
  const { jetstream, registry, id, leaseMs, log } = options
  const shares = new Map<string, () => Share>()
  const declined: Record<string, number[]> = {}
  const listeners: ((view: ClusterView) => Promise<void>)[] = []
  let heardAt = performance.now()
  /** How often nothing was heard of this member for so long that it must look before it may go on, and when it last did. */
  let lapses = 0
  let lapsesSeen = 0
  let leaving = false
  /** False once a farewell had no answer. */
  let isHeard = true
  let latest: readonly Member[] = []
  let looking: Promise<void> | undefined
  /** What a look led to. A member that goes waits for this, and not for the board to be read: NATS may be gone. */
  let reconciling: Promise<PromiseSettledResult<void>[]> | undefined
  let again = false

  const note = async (): Promise<void> => {
    const sentAt = performance.now()
    const told: MemberHeartbeat = {
      id, place: options.hostIdentity, pid: options.pid, works: leaving ? [] : [...options.workloads],
      shares: Object.fromEntries([...shares].map(([work, share]) => [work, share()])),
      declines: declined,
    }
    await registry.heartbeat(told)
    if (sentAt - heardAt > leaseMs) lapses += 1
    heardAt = sentAt
  }
  const view = async (): Promise<ClusterView> => {
    const { members, leases } = await registry.read(options.workloads)
    const now = members.find((member) => member.id === id)?.at ?? Date.now()
    const isAlive = (member: Member): boolean => member.id === id
      || (now - member.at <= leaseMs && !(member.place === options.hostIdentity && !options.isProcessAlive(member.pid)))
    for (const member of members) if (now - member.at > leaseMs * FORGET_AFTER_LEASES) await registry.removeMember(member.id)
    return { members: members.filter(isAlive), leases }
  }
  const lookOnce = async (): Promise<void> => {
    const before = lapses
    const seen = await view()
    if (leaving) return
    latest = seen.members
    reconciling = Promise.allSettled(listeners.map((reconcile) => reconcile(seen)))
    for (const result of await reconciling) if (result.status === 'rejected') throw result.reason
    lapsesSeen = before
  }
  /** One look at a time; those that are asked for meanwhile are one more. */
  const look = (): Promise<void> => {
    if (looking !== undefined) {
      again = true
      return looking
    }
    looking = lookOnce().finally(() => {
      looking = undefined
      if (!again) return
      again = false
      lookLater()
    })
    return looking
  }
  const lookLater = (): void => {
    if (leaving) return
    look().catch((error: unknown) => rateLimitedWarn(log, { code: codeOf(error), err: error }, 'the cluster could not be looked at; it is tried again'))
  }
  const subscription = jetstream.nc.subscribe(CHANGE_SUBJECT, { callback: (error, message) => {
    if (error === null && message.string() !== id) lookLater()
  } })
  const beat = setInterval(() => {
    note().catch((error: unknown) => rateLimitedWarn(log, { code: codeOf(error), err: error }, 'this member could not be noted; it is tried again'))
    lookLater()
  }, leaseMs / HEARTBEATS_PER_LEASE)
  await note()
  const isCurrent = (): boolean => isHeard && lapsesSeen === lapses && performance.now() - heardAt < leaseMs
  /** Whether the board took notice before the leases end by themselves: NATS may be gone. */
  const isHeeded = (farewell: Promise<void>): Promise<boolean> =>
    Promise.race([farewell.then(() => true, () => false), delay(leaseMs - (performance.now() - heardAt), false, { ref: false })])

  return {
    id,
    isCurrent,
    onView: (reconcile) => void listeners.push(reconcile),
    reportShare: (work, share) => void shares.set(work, share),
    async yieldPartition(work, partition) {
      declined[work] = [...declined[work] ?? [], partition]
      await note()
    },
    sharesOf: (work) => latest.flatMap((member) => member.shares[work] ?? []),
    poll: look,
    notify: () => jetstream.nc.publish(CHANGE_SUBJECT, id),
    async leave() {
      leaving = true
      await reconciling
      // Who was not heard of for so long need not say that he goes: waiting for a NATS that is away would only take time.
      if (!isCurrent()) return
      isHeard = await isHeeded(note())
      if (!isHeard) log.debug('the others learn of the leaving from the leases')
    },
    async stop() {
      leaving = true
      clearInterval(beat)
      subscription.unsubscribe()
      await reconciling
      if (isCurrent() && !await isHeeded(registry.removeMember(id))) log.debug('the note of this member stays until it is old')
      jetstream.nc.publish(CHANGE_SUBJECT, id)
    },
  }
}
