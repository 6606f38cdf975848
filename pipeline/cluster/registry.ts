import { Kvm } from '@nats-io/kv'
import { z } from 'zod'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE, NO_MESSAGE_STATUS } from '../jetstream/jetstream-codes.ts'
import { removeBucketKey } from '../jetstream/removal.ts'

/** A member's progress in a stage whose partitions it owns. */
const shareSchema = z.object({
  partitions: z.array(z.int().nonnegative()),
  /** The sequence of the stage's input stream up to which everything of these partitions is done. */
  position: z.int().nonnegative(),
  /** The LOG sequence that must be dispatched before inputs up to `position` may be trimmed. */
  logSeq: z.int().nonnegative(),
})
export type Share = z.infer<typeof shareSchema>

const memberSchema = z.object({
  id: z.string(),
  /** The workloads that it takes part in. */
  works: z.array(z.string()),
  /** The machine and process namespace: members with the same one see each other's processes. */
  place: z.string(),
  pid: z.int().positive(),
  shares: z.record(z.string(), shareSchema),
  /** By workload: partitions that it yields, because their records need newer code. */
  declines: z.record(z.string(), z.array(z.int().nonnegative())),
  /** The newest form of records that it reads. The first release, which reads form 1 only, does not say it. */
  recordForm: z.int().positive().default(1),
})
export type MemberHeartbeat = z.infer<typeof memberSchema>

/** A member in the registry, with the server's time of its last heartbeat. */
export interface Member extends MemberHeartbeat {
  readonly at: number
}

const leaseSchema = z.object({
  /** The owner; `null` after a release. */
  member: z.string().nullable(),
  /** Rises with each new owner. */
  epoch: z.int().positive(),
})

/** The right to work on one partition of a workload. It saves effort only; the log guarantees that one owner appends. */
export interface Lease extends z.infer<typeof leaseSchema> {
  readonly work: string
  readonly partition: number
  /** Its revision in the bucket: a claim succeeds only on an unchanged lease. */
  readonly revision: number
}

export interface RegistryView {
  readonly members: readonly Member[]
  /** By `<workload>.<partition>`; without partitions that never had an owner. */
  readonly leases: ReadonlyMap<string, Lease>
}

/** The shared state of a cluster: a key-value bucket with one heartbeat per member and one lease per partition. */
export interface ClusterRegistry {
  read(works: readonly string[]): Promise<RegistryView>
  /** Writes a member's heartbeat. */
  heartbeat(member: MemberHeartbeat): Promise<void>
  /** Removes a member. */
  removeMember(id: string): Promise<void>
  /** The new lease, or `undefined` if another member was first. */
  claim(work: string, partition: number, member: string, before: Lease | undefined): Promise<Lease | undefined>
  /** Releases a lease. No error if another member has it by now. */
  release(lease: Lease): Promise<void>
}

/** The bucket of heartbeats and leases. */
export const CLUSTER_BUCKET = 'colloquy_cluster'
const STREAM = `KV_${CLUSTER_BUCKET}`
const PREFIX = `$KV.${CLUSTER_BUCKET}.`
/** Max entries that the server returns at once: members, and partitions of one workload. */
const ENTRIES_MAX = 1_024
const READ_MS_MAX = 2_000

export const leaseKey = (work: string, partition: number): string => `${work}.${partition}`

/** Opens the registry and creates its bucket if needed. */
export async function openClusterRegistry(jetstream: JetStreamContext, replicas: number): Promise<ClusterRegistry> {
  await new Kvm(jetstream.nc).create(CLUSTER_BUCKET, { replicas, history: 1 })
  const put = async (key: string, value: unknown, revision?: number): Promise<number | undefined> => {
    const result = await jetstream.publisher.publish(
      `${PREFIX}${key}`,
      JSON.stringify(value),
      revision === undefined ? {} : { expectLastSubjectSequence: revision },
    )
    if (result.ok) return result.seq
    if (result.code === JS_CODE.wrongLastSequence) return undefined
    throw new ColloquyError('cluster_refused', `the bucket ${CLUSTER_BUCKET} refused "${key}": ${result.description}`)
  }
  return {
    async read(works) {
      const [notes, ...leases] = await Promise.all(
        ['member', ...works.map((work) => `lease.${work}`)].map((prefix) => readAll(jetstream, `${PREFIX}${prefix}.`)),
      )
      return {
        members: [...(notes ?? [])].flatMap(([, { value, at }]) => {
          const member = memberSchema.safeParse(value)
          return member.success ? [{ ...member.data, at }] : []
        }),
        leases: new Map(
          works.flatMap((work, index) =>
            [...(leases[index] ?? [])].flatMap(([key, { value, seq }]): [string, Lease][] => {
              const lease = leaseSchema.safeParse(value)
              return lease.success ? [[leaseKey(work, Number(key)), { ...lease.data, work, partition: Number(key), revision: seq }]] : []
            }),
          ),
        ),
      }
    },
    heartbeat: async (member) => void (await put(`member.${member.id}`, member)),
    async removeMember(id) {
      await removeBucketKey(jetstream.jsm, STREAM, `${PREFIX}member.${id}`)
    },
    async claim(work, partition, member, before) {
      const lease = { member, epoch: (before?.epoch ?? 0) + 1 }
      const revision = await put(`lease.${leaseKey(work, partition)}`, lease, before?.revision ?? 0)
      return revision === undefined ? undefined : { ...lease, work, partition, revision }
    },
    async release({ work, partition, epoch, revision }) {
      await put(`lease.${leaseKey(work, partition)}`, { member: null, epoch }, revision)
    },
  }
}

interface Entry {
  readonly value: unknown
  readonly seq: number
  readonly at: number
}

/** The last message of each subject under a prefix, in one round trip. */
async function readAll(jetstream: JetStreamContext, prefix: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  const messages = await jetstream.jsm.direct.getLastMessagesFor(STREAM, { multi_last: [`${prefix}>`], batch: ENTRIES_MAX })
  // The client would wait without end for the rest of an answer whose server died during it.
  const timeout = setTimeout(() => {
    messages.stop(new ColloquyError('no_reply', `the answer about "${prefix}>" in ${STREAM} did not end within ${READ_MS_MAX} ms`))
  }, READ_MS_MAX)
  try {
    for await (const message of messages) {
      entries.set(message.subject.slice(prefix.length), {
        value: parseJson(message.string()),
        seq: message.seq,
        at: message.time.getTime(),
      })
    }
  } catch (error) {
    if (codeOf(error) !== String(NO_MESSAGE_STATUS)) throw error
  } finally {
    clearTimeout(timeout)
  }
  return entries
}
