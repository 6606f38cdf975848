import { z } from 'zod'
import type { DocumentRequest, MakeDocument } from '../../actors/kinds/document/render-task.ts'
import { createDocumentMaker } from '../../pipeline/documents/document-maker.ts'
import { FORMAT_NAMES } from '../../schemas/document-events.ts'
import type { BenchOptions, Figures, Measured, OfflineScenario } from '../harness/bench-scenario.ts'
import { CAUGHT_UP_MS_MAX, waitUntil } from '../harness/in-time.ts'
import { watchSubject } from '../harness/latency-probe.ts'
import { usageOf } from '../harness/process-usage.ts'
import { type ProducingSystem, startProducing } from '../harness/producing-system.ts'
import { rounded } from '../harness/statistics.ts'

/** Measures how a change of a template reaches its documents. */
export const documents: OfflineScenario = {
  name: 'documents',
  about: 'Time in which a change of a template makes a new version of each of its --actors documents, as Markdown and HTML.',
  actorsDefault: 10_000,
  measure,
}

const TENANT = 'bench-documents'
/** A machine with other work makes some ten documents a second. */
const DOCUMENT_MS_MAX = 100
/** Documents of which the time of a format is the mean. */
const SAMPLES = 50
const renderedSchema = z.object({ data: z.object({ version: z.number() }) })

const text = (greeting: string): string => `# Bill {{ no }}

${greeting} {{ name }},

you owe us the sum of these items:

| item | price |
|---|---|
{% for item in items %}| {{ item.name }} | {{ item.price }} |
{% endfor %}

{% if items.size > 3 %}Thank you for your large order.{% endif %}
`
const dataOf = (no: number) => ({
  no,
  name: `Customer ${no}`,
  items: Array.from({ length: 1 + (no % 8) }, (_, index) => ({ name: `item ${index}`, price: no + index })),
})

async function measure({ actors }: BenchOptions): Promise<Measured> {
  const makingMs = await formatFigures(createDocumentMaker())
  await using started = new AsyncDisposableStack()
  const producing = await startProducing(TENANT, started)
  const { system, publisher, input } = producing
  const timeoutMs = CAUGHT_UP_MS_MAX + actors * DOCUMENT_MS_MAX

  /** Versions by document, and when each was seen. */
  const versions = new Map<string, number[]>()
  const seenMs: number[] = []
  let failed = 0
  const onVersion = ({ data }: z.infer<typeof renderedSchema>, subject: string, atMs: number): void => {
    const id = subject.split('.')[3] ?? ''
    versions.set(id, [...(versions.get(id) ?? []), data.version])
    seenMs.push(atMs)
  }
  started.defer(await watchSubject(system.nc, `out.${TENANT}.document.*.document.rendered`, renderedSchema, onVersion))
  started.defer(await watchSubject(system.nc, `out.${TENANT}.document.*.document.failed`, z.unknown(), () => void failed++))
  const allHave = (version: number): Promise<void> =>
    waitUntil(
      () => seenMs.length >= version * actors,
      timeoutMs,
      () => `${seenMs.length - (version - 1) * actors} of ${actors} documents have version ${version}; ${failed} have failed`,
    )

  input('template', 'bill', 'template.set', { text: text('Dear') })
  const first = await timed(producing, async () => {
    for (let no = 0; no < actors; no++) {
      await publisher.whenAvailable()
      input('document', `d${no}`, 'document.set', { template: 'bill', data: dataOf(no), formats: ['html'] })
    }
    await allHave(1)
  })
  const change = await timed(producing, async () => {
    input('template', 'bill', 'template.set', { text: text('Hello') })
    await allHave(2)
  })
  const [firstMs = NaN, lastMs = NaN] = [seenMs[actors], seenMs.at(-1)]
  const exactlyTwo = [...versions.values()].filter(([one, two, ...more]) => one === 1 && two === 2 && more.length === 0).length
  return {
    figures: {
      documents: actors,
      withOneNewVersion: exactlyTwo,
      failed,
      firstVersionsPerSecond: rounded(actors / first.seconds),
      allAfterSeconds: rounded(change.seconds),
      versionsPerSecond: rounded((1_000 * actors) / (lastMs - firstMs)),
      processors: rounded(change.processors),
      memoryMiB: rounded(change.memoryMiB),
      ...makingMs,
    },
    notes: [
      'allAfterSeconds: from when the change of the template is published to when the event of the last new version is seen. Each document '
        + 'waits a second for further changes. versionsPerSecond: from the first new version to the last. firstVersionsPerSecond: from the '
        + 'first document to the last first version.',
      'withOneNewVersion: documents that emitted version 1, then version 2, and nothing else. processors and memoryMiB: Colloquy with '
        + 'nats-server and ClickHouse in it; processor time for each second of the change, memory at its end.',
      `…Ms: a document in that format alone, the mean of ${SAMPLES} one after another in a thread, with the Markdown that each needs. The `
        + 'text is English; its fonts are those of every reader of PDF.',
    ],
  }
}

/** Milliseconds of a document in each format. */
async function formatFigures(make: MakeDocument): Promise<Figures> {
  const figures: Record<string, number> = {}
  const by = { tenant: TENANT, signal: new AbortController().signal }
  for (const format of FORMAT_NAMES) {
    const request = (no: number): DocumentRequest => ({
      template: { text: text('Dear'), lang: 'en' },
      data: dataOf(no),
      id: `d${no}`,
      formats: [format],
      at: '2026-11-30T10:00:00.000Z',
    })
    await make(request(0), by)
    const beganMs = performance.now()
    for (let no = 0; no < SAMPLES; no++) await make(request(no), by)
    figures[`${format}Ms`] = rounded((performance.now() - beganMs) / SAMPLES)
  }
  return figures
}

async function timed({ system: { pids } }: ProducingSystem, work: () => Promise<void>) {
  const [before, beganMs] = [await totalOf(pids), performance.now()]
  await work()
  const seconds = (performance.now() - beganMs) / 1_000
  const after = await totalOf(pids)
  return { seconds, processors: (after.cpuSeconds - before.cpuSeconds) / seconds, memoryMiB: after.memoryMiB }
}

async function totalOf(pids: readonly number[]): Promise<{ cpuSeconds: number; memoryMiB: number }> {
  const all = Object.values(await usageOf(pids))
  const sum = (of: (usage: (typeof all)[number]) => number): number => all.reduce((total, usage) => total + of(usage), 0)
  return { cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds), memoryMiB: sum(({ rssBytes }) => rssBytes) / 1024 ** 2 }
}
