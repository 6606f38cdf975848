import type { ModelStatus } from '../../pipeline/models/models-status.ts'
import { onOneLine, printable } from '../app/terminal-output.ts'

/** How a model fares in all processes, in words. */
export function modelStateText(processes: readonly ModelStatus[]): string {
  const worst = processes.find(({ state }) => state === 'resting') ?? processes.find(({ state }) => state !== 'ready')
  if (worst !== undefined) {
    const still = worst.restMs > 0 ? ` for ${Math.ceil(worst.restMs / 1_000)} s` : ''
    return `${worst.state}${still} (${onOneLine(printable(worst.detail))})`
  }
  const sum = (of: (one: ModelStatus) => number): number => processes.reduce((total, one) => total + of(one), 0)
  return processes.length === 0 ? 'not in use' : `ready, ${sum((one) => one.inFlight)} of ${sum((one) => one.places)} places taken`
}
