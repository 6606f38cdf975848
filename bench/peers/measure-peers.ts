import type { BenchOptions, PeerName } from '../harness/bench-scenario.ts'
import type { MeasurementPlan } from '../harness/measurement-plan.ts'
import { installPeers, serverOf, versionOf } from './install-peers.ts'
import { type Peer, startPeer } from './peer.ts'

/** A peer's turns per second, by round; empty, with a note, if its server is not on this machine. */
export interface PeerResult {
  readonly name: PeerName
  readonly perSecond: readonly number[]
  readonly notes: readonly string[]
}

/** Measures one peer at a time, so that no two share the machine. Rounds and inputs are the same as Colloquy's. */
export async function measurePeers(options: BenchOptions, plan: MeasurementPlan): Promise<PeerResult[]> {
  const measured: PeerResult[] = []
  for (const name of options.vs) measured.push(await measurePeer(name, options, plan))
  return measured
}

async function measurePeer(name: PeerName, options: BenchOptions, { rounds, roundMs, warmUpMs }: MeasurementPlan): Promise<PeerResult> {
  const server = await serverOf(name)
  if (server === undefined) {
    return {
      name,
      perSecond: [],
      notes: [`${name}: not measured, no redis-server on the PATH. Install the package redis-server or redis of the operating system.`],
    }
  }
  await installPeers()
  const peer = await startPeer(name, options)
  try {
    await peer.run(warmUpMs)
    const perSecond: number[] = []
    for (let round = 0; round < rounds; round++) perSecond.push(await peer.run(roundMs))
    return { name, perSecond, notes: await notesOf[name](await peer.check(), server) }
  } finally {
    await peer.stop()
  }
}

type Kept = Awaited<ReturnType<Peer['check']>>

const SAME_JOB =
  'The peer gets the same inputs to the same conversations. It validates an input, decides with the same machine and '
  + "XState's transition(), and stores the state and the reply. It does less than Colloquy: it has no timer, no record of the change "
  + 'and no tables. Colloquy is idle meanwhile.'

const notesOf: Readonly<Record<PeerName, (kept: Kept, server: string) => Promise<string[]>>> = {
  restate: async ({ lost, doubled }) => [
    `restate: server ${await versionOf('@restatedev/restate-server')}, SDK ${await versionOf('@restatedev/restate-sdk')}, a virtual `
      + `object per conversation, 256 concurrent calls. ${SAME_JOB}`,
    "Durability of restate: one node, write-ahead log without fsync. It survives kill -9 but not a power failure, like Colloquy's "
      + `nats-server by default. ${lost} turns were lost, ${doubled} done twice.`,
  ],
  bullmq: async ({ lost, doubled }, server) => [
    `bullmq: ${await versionOf('bullmq')} on ${/v=\S+/.exec(server)?.[0] ?? server}, state in a hash, log in a stream, one worker process `
      + `with 100 concurrent jobs. ${SAME_JOB}`,
    'Durability of bullmq: append-only file with fsync every second. It keeps no order per conversation and is not exactly-once: two jobs '
      + `of one conversation may run concurrently, and a job whose worker dies runs again. In this run ${lost} turns were overwritten by `
      + `another turn of their conversation, ${doubled} counted twice.`,
  ],
}
