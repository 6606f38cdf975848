import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { joinCluster } from '../../pipeline/cluster/membership.ts'
import { type Member, openClusterRegistry } from '../../pipeline/cluster/registry.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { isProcessAlive } from '../../pipeline/runtime/process-alive.ts'
import { AUTO } from '../servers/models/presets.ts'
import type { Settings } from '../settings.ts'
import { hostIdentity } from './host-identity.ts'

/** The processes that open the search index, as the cluster registry knows them. */
export interface IndexCluster {
  /** Whether a living process has `auto` as its embedding model. */
  wantsAuto(): boolean
  /** Tells the others that this process can embed with a model. */
  announceModel(fingerprint: string): Promise<void>
  withdrawModel(fingerprint: string): void
  /** The living processes with a search index that did not announce a model, as a text for people; `undefined` if all did. */
  lacking(fingerprint: string): Promise<string | undefined>
}

export interface IndexClusterDeps {
  readonly settings: Pick<Settings, 'EMBED_MODEL' | 'LEASE_MS'>
  readonly jetstream: JetStreamContext
  readonly replicas: number
  readonly log: Logger
}

/** What a process takes part in that opens the search index, in one that wants `auto`, and in one that has a model. */
const INDEX = 'search-index'
const WANTS_AUTO = `${INDEX}.auto`
const has = (fingerprint: string): string => `${INDEX}.has.${fingerprint}`
/** A process of an earlier version takes part in these, and not in `INDEX`. */
const isIndexWork = (work: string): boolean => work === INDEX || work === 'train' || work.startsWith('embed-')
/** Max processes that a text names. */
const NAMED_MAX = 3

/** Joins the cluster registry as a process with a search index; it leaves when `started` is disposed of. */
export async function joinIndexCluster(
  { settings, jetstream, replicas, log }: IndexClusterDeps,
  started: AsyncDisposableStack,
): Promise<IndexCluster> {
  const place = hostIdentity()
  const isAuto = settings.EMBED_MODEL === AUTO
  const membership = await joinCluster({
    jetstream,
    registry: await openClusterRegistry(jetstream, replicas),
    workloads: isAuto ? [INDEX, WANTS_AUTO] : [INDEX],
    id: randomUUID(),
    hostIdentity: place,
    pid: process.pid,
    isProcessAlive,
    leaseMs: settings.LEASE_MS,
    log,
  })
  started.defer(() => membership.stop())
  let members: readonly Member[] = []
  membership.onView(async (view) => {
    members = view.members
  })
  await membership.poll()
  return {
    wantsAuto: () => isAuto || members.some(({ works }) => works.includes(WANTS_AUTO)),
    announceModel: (fingerprint) => membership.takeUp(has(fingerprint)),
    withdrawModel: (fingerprint) => membership.giveUp(has(fingerprint)),
    async lacking(fingerprint) {
      await membership.poll()
      // A process has several members: its index, and each thread.
      const processes = Map.groupBy(members, (member) => `${member.place} ${member.pid}`)
      const names = [...processes.values()].flatMap((all) => {
        const works = all.flatMap((member) => member.works)
        return !works.some(isIndexWork) || works.includes(has(fingerprint)) ? [] : [nameOf(all)]
      })
      if (names.length === 0) return undefined
      const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : ''
      return `${names.slice(0, NAMED_MAX).join(', ')}${more}`
    },
  }
}

const nameOf = ([member]: readonly Member[]): string =>
  member === undefined ? '' : `process ${member.pid} on ${member.place.replace(/ .*/, '')}`
