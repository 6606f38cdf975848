import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { codeOf } from '../../schemas/errors.ts'
import { type OfflineReport, renderReport, type Report } from './bench-report.ts'
import { chartsOf, svgOf } from './charts.ts'

/** Folder of the published results. */
export const RESULTS = fileURLToPath(new URL('../results', import.meta.url))

/** Writes `<name>.md`, `<name>.json` and the charts; replaces files of the same name. */
export async function saveReport(folder: string, name: string, report: OfflineReport | Report): Promise<void> {
  await mkdir(folder, { recursive: true })
  const charts = chartsOf(report)
  const pictures = charts.map(({ title }, index) => ({ title, file: `${name}${index === 0 ? '' : `-${index + 1}`}.svg` }))
  for (const [index, chart] of charts.entries()) await writeFile(join(folder, pictures[index]?.file ?? ''), svgOf(chart))
  await writeFile(join(folder, `${name}.md`), `${renderReport(report, pictures)}\n`)
  const { charts: _charts, ...rest } = report
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(rest, undefined, 2)}\n`)
}

const spreadSchema = z.object({ p25: z.number(), p50: z.number(), p75: z.number(), repeats: z.number() })
const resultSchema = z.object({
  figures: z.record(z.string(), z.number()),
  spread: z.record(z.string(), spreadSchema).optional(),
  command: z.string(),
  date: z.string(),
  commit: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), memoryGiB: z.number() }),
  versions: z.record(z.string(), z.string()),
  noise: z.object({ roundMs: z.number(), iqrPercent: z.number(), stolenPercent: z.number() }),
})
export type Result = z.infer<typeof resultSchema>

/** The saved results, by name. */
export async function readResults(folder: string): Promise<ReadonlyMap<string, Result>> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const read = names
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map(
      async (name) => [name.slice(0, -'.json'.length), resultSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))] as const,
    )
  return new Map(await Promise.all(read))
}
