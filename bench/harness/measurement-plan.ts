/** One run of `npm run bench -- all`: its result's name, and what is given to the harness. */
export interface PlannedMeasurement {
  readonly name: string
  readonly args: readonly string[]
}

/** What the README quotes, the dearest last. */
export const MEASUREMENT_PLAN: readonly PlannedMeasurement[] = [
  { name: 'turns', args: ['turns', '--vs', 'restate,bullmq'] },
  { name: 'turns-host', args: ['turns', '--roles', 'host'] },
  { name: 'latency', args: ['latency'] },
  { name: 'tasks', args: ['tasks'] },
  { name: 'takeover', args: ['takeover'] },
  { name: 'replay', args: ['replay'] },
  { name: 'kinds', args: ['kinds'] },
  { name: 'embed', args: ['embed'] },
  { name: 'search', args: ['search', '--rows', '100000'] },
  { name: 'analysts', args: ['analysts', '--rows', '10000000', '--seconds', '60'] },
  { name: 'scale', args: ['scale', '--actors', '1000000'] },
]
