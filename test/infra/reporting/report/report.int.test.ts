import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUESTION_NAMES } from '../../../../infra/reporting/questions/questions.ts'
import { COLOURS, drawChart } from '../../../../infra/reporting/report/report-charts.ts'
import { type ReportContent, reportPage } from '../../../../infra/reporting/report/report-page.ts'
import type { Answers } from '../../../../infra/reporting/report/report-words.ts'
import { en } from '../../../../infra/reporting/report/words/en.ts'
import { zh } from '../../../../infra/reporting/report/words/zh.ts'
import { openBrowser } from '../../../support/chromium.ts'
import { temporaryFolder } from '../../../support/test-system.ts'

const HOSTILE =
  '<script>document.title = "broken"</script><img src="http://127.0.0.1:9/x"> "quoted" \u202e&amp; \ud800 ]]> '
  + '很长很长很长很长很长很长很长很长很长很长的一句话'
const at = '2026-11-20T10:00:00Z'

/** An answer to every question, with a stranger's text wherever one may stand. */
const answers: Answers = {
  containment: [
    { total: true, day: null, cases: 3, closed: 3, escalated: 1, contained: 2, contained_abandoned: 1, containment_rate: 2 / 3 },
    { total: false, day: '2026-11-20', cases: 3, closed: 3, escalated: 1, contained: 2, contained_abandoned: 1, containment_rate: 2 / 3 },
  ],
  'first-response': [
    { total: true, responder: null, cases: 2, answered: 1, waiting: 1, never: 0, p50_ms: 1200, p90_ms: 1200, p95_ms: 1200, max_ms: 1200 },
    {
      total: false,
      responder: HOSTILE,
      cases: 1,
      answered: 1,
      waiting: 0,
      never: 0,
      p50_ms: 1200,
      p90_ms: 1200,
      p95_ms: 1200,
      max_ms: 1200,
    },
    { total: false, responder: null, cases: 1, answered: 0, waiting: 1, never: 0, p50_ms: null, p90_ms: null, p95_ms: null, max_ms: null },
  ],
  'repeat-contact': [
    { total: true, first_intent: null, closed: 2, repeated: 1, pending: 0, repeat_rate: 0.5 },
    { total: false, first_intent: HOSTILE, closed: 2, repeated: 1, pending: 0, repeat_rate: 0.5 },
  ],
  escalations: [
    { total: true, reason: null, cases: 1, share: 1, p50_ms: 90_000, resolved: 0, open: 1 },
    { total: false, reason: HOSTILE, cases: 1, share: 1, p50_ms: 90_000, resolved: 0, open: 1 },
  ],
  cost: [
    { total: true, way: null, closed: 2, resolved: 1, cost: 0.25, cost_unknown: 1, cost_per_resolved: 0.25 },
    { total: false, way: 'contained', closed: 2, resolved: 1, cost: 0.25, cost_unknown: 1, cost_per_resolved: 0.25 },
  ],
  satisfaction: [
    { total: true, lang: null, cases: 4, rated: 2, rated_share: 0.5, average: 4.5, csat: 1, r1: 0, r2: 0, r3: 0, r4: 1, r5: 1 },
  ],
  'time-in-state': [
    { kind: HOSTILE, state: HOSTILE, stays: 2, p50_ms: 3_600_000, p95_ms: 172_800_000, hours: 49, now: 1, dropped: 1, drop_share: 1 },
  ],
  backlog: Array.from({ length: 60 }, (_, hour) => ({
    hour: new Date(Date.parse(at) + hour * 3_600_000).toISOString(),
    opened: 2,
    closed: 1,
    escalated: hour % 2,
    open: hour,
    waiting_for_person: 1,
  })),
  'intent-funnel': [
    { total: true, intent: null, cases: 4, answered: 3, contained: 2, ended: 2, resolved: 1 },
    { total: false, intent: HOSTILE, cases: 4, answered: 3, contained: 2, ended: 2, resolved: 1 },
  ],
  quality: [
    {
      total: true,
      model: null,
      model_version: null,
      prompt_version: null,
      answers: 2,
      judged: 2,
      average: 0.65,
      p10: 0.5,
      low: 1,
      p50_ms: 900,
      p95_ms: 900,
      cost: 0.1,
      cost_per_answer: 0.05,
    },
    {
      total: false,
      model: HOSTILE,
      model_version: null,
      prompt_version: HOSTILE,
      answers: 2,
      judged: 2,
      average: 0.65,
      p10: 0.5,
      low: 1,
      p50_ms: 900,
      p95_ms: 900,
      cost: 0.1,
      cost_per_answer: 0.05,
    },
  ],
  'knowledge-gaps': [
    { total: true, question: null, example: null, intent: null, asked: 1, unanswered: 0, last_at: at },
    { total: false, question: HOSTILE, example: HOSTILE, intent: HOSTILE, asked: 1, unanswered: 0, last_at: at },
  ],
  tasks: [
    {
      total: true,
      kind: null,
      name: null,
      tasks: 3,
      done: 1,
      failed: 1,
      expired: 1,
      stopped: 0,
      running: 0,
      failure_rate: 2 / 3,
      retried: 1,
      queue_p50_ms: 4,
      queue_p95_ms: 9,
      duration_p50_ms: 90,
      duration_p95_ms: 900,
      top_error: HOSTILE,
    },
    {
      total: false,
      kind: HOSTILE,
      name: HOSTILE,
      tasks: 3,
      done: 1,
      failed: 1,
      expired: 1,
      stopped: 0,
      running: 0,
      failure_rate: 2 / 3,
      retried: 1,
      queue_p50_ms: 4,
      queue_p95_ms: 9,
      duration_p50_ms: 90,
      duration_p95_ms: 900,
      top_error: HOSTILE,
    },
  ],
  unanswered: [
    { total: true, question: null, example: null, asked: 3, wordings: 2, no_reply: 1, intent: null, last_at: at, text_key: null },
    { total: false, question: HOSTILE, example: HOSTILE, asked: 3, wordings: 2, no_reply: 1, intent: HOSTILE, last_at: at, text_key: 'k' },
  ],
  'heat-map': [
    { total: true, weekday: null, hour_of_day: null, cases: 9, escalated: 1, messages: 20 },
    { total: false, weekday: 1, hour_of_day: 9, cases: 7, escalated: 1, messages: 15 },
    { total: false, weekday: 7, hour_of_day: 23, cases: 2, escalated: 0, messages: 5 },
  ],
  'label-funnel': [
    { total: true, value: null, cases: 4, answered: 3, contained: 2, ended: 2, resolved: 1 },
    { total: false, value: HOSTILE, cases: 4, answered: 3, contained: 2, ended: 2, resolved: 1 },
  ],
  versions: [false, true].map((crossed, index) => ({
    total: index === 0,
    machine: index === 0 ? null : HOSTILE,
    last_machine: index === 0 ? null : HOSTILE,
    crossed,
    cases: 4,
    closed: 3,
    escalated: 1,
    abandoned: 1,
    containment_rate: 0.5,
    resolution_rate: 2 / 3,
    average: 4.5,
    p50_ms: 90_000,
  })),
  'rating-comments': [true, false].map((total) => ({
    total,
    comments: 1,
    rating: 4,
    comment: total ? null : HOSTILE,
    given_at: total ? null : at,
    kind: total ? null : HOSTILE,
    actor: total ? null : HOSTILE,
    outcome: total ? null : HOSTILE,
    intent: total ? null : HOSTILE,
    lang: total ? null : HOSTILE,
  })),
  alerts: [true, false].map((total) => ({
    total,
    series: total ? null : HOSTILE,
    alerts: 3,
    open: 1,
    acknowledged: 2,
    escalated: 1,
    acknowledged_p50_ms: 60_000,
    cleared_p50_ms: 120_000,
  })),
  strategies: [true, false].map((total) => ({
    total,
    strategy: total ? null : HOSTILE,
    arm: total ? null : HOSTILE,
    ...{ chosen: 9, rewarded: 8, by_feedback: 3, reward: 0.6, reward_low: 0.4, reward_high: 0.8 },
    ...{ texts: 9, failed: 1, cost_per_text: 0.02 },
  })),
  'wait-for-a-person': [true, false].map((total) => ({
    total,
    team: total ? null : HOSTILE,
    ...{ cases: 5, assigned: 4, waiting: 1, offers: 6, without_offer: 1 },
    ...{ p50_ms: 30_000, p90_ms: 60_000, p95_ms: 60_000, max_ms: 70_000 },
  })),
  agents: [true, false].map((total) => ({
    total,
    agent: total ? null : HOSTILE,
    ...{ offers: 6, accepted: 4, declined: 1, lapsed: 1, withdrawn: 0, answer_p50_ms: 9_000, handle_p50_ms: 300_000 },
    ...{ resolved: 2, returned: 1, transferred: 0, lost: 0, open: 1 },
  })),
  sla: [true, false].map((total) => ({
    total,
    team: total ? null : HOSTILE,
    promise: total ? null : 'first_reply',
    ...{ cases: 5, missed: 1, nobody: 1, share: 0.2 },
  })),
  trends: ['series', 'series', 'unusual', 'forecast', 'forecast'].map((about, index) => ({
    total: index !== 1,
    about,
    kind: index === 1 ? HOSTILE : null,
    type: index === 1 ? HOSTILE : null,
    hour: about === 'series' ? null : at,
    weeks: about === 'series' ? 4 : null,
    events: about === 'forecast' ? null : 90,
    usual: about === 'series' ? 40 : null,
    rise: about === 'series' ? 0.6 : null,
    expected: about === 'series' ? null : 5,
    mean: about === 'series' ? null : 5.2,
    band_low: about === 'series' ? null : 3,
    band_high: about === 'series' ? null : 8,
    surprise: about === 'unusual' ? 6 : null,
    error_to_naive: about === 'series' ? 0.8 : null,
    covered: about === 'series' ? 0.8 : null,
  })),
  'late-tasks': [true, false].map((total) => ({
    total,
    kind: total ? null : HOSTILE,
    name: total ? null : HOSTILE,
    error_code: total ? null : HOSTILE,
    tasks: 2,
    attempts: 2.5,
    late_share: 0.1,
    duration_p50_ms: 90,
    duration_p95_ms: 900,
    example: total ? null : HOSTILE,
  })),
  'model-cost': [true, false].map((total) => ({
    total,
    model: total ? null : HOSTILE,
    tier: total ? null : 'large',
    answers: 4,
    fallbacks: 1,
    complexity: 0.4,
    tokens_in: 900,
    tokens_out: null,
    cost: 0.02,
    cost_unknown: 1,
  })),
  kpi: [
    { figure: 'quality', value: 0.75, aim: 0.8, met: false, counted: 20 },
    { figure: 'errors', value: 0.005, aim: 0.01, met: true, counted: 200 },
    { figure: 'satisfaction', value: null, aim: 0.85, met: null, counted: 0 },
  ],
  'evaluator-agreement': [{ one: HOSTILE, other: 'rules@1', answers: 4, mean_difference: -0.1, agree_share: 0.75, correlation: null }],
  'prompt-versions': [true, false].map((total) => ({
    total,
    prompt_version: total ? null : HOSTILE,
    turns: 20,
    judged: 18,
    average: 0.8,
    average_low: 0.75,
    average_high: 0.85,
    cost_per_turn: 0.002,
    cost_low: 0.001,
    cost_high: 0.003,
    handed: 2,
    handed_share: 0.1,
    handed_low: 0.03,
    handed_high: 0.3,
  })),
  'cache-freshness': [true, false].map((total) => ({
    total,
    age: total ? null : '0-100 ms',
    answers: 40,
    stale: 1,
    late: 0,
    max_stale_ms: 12,
  })),
}
const content: ReportContent = {
  scope: { tenant: 'acme', from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') },
  answers,
  freshness: { seq: 12_345, completeTo: new Date(at) },
  repairing: [],
  madeAt: new Date(at),
}
/** The same report, compared with a period that had slower replies and another share of escalations. */
const compared: ReportContent = {
  ...content,
  before: {
    scope: { tenant: 'acme', from: new Date('2026-10-02T00:00:00Z'), to: new Date('2026-11-01T00:00:00Z') },
    answers: {
      ...answers,
      'first-response': answers['first-response'].map((row) => ({ ...row, p50_ms: row.p50_ms === null ? null : 2_000 })),
      escalations: answers.escalations.map((row) => ({ ...row, share: 0.25 })),
    },
  },
}
const empty: Answers = {
  containment: [],
  'first-response': [],
  'repeat-contact': [],
  escalations: [],
  cost: [],
  satisfaction: [],
  'time-in-state': [],
  backlog: [],
  'intent-funnel': [],
  quality: [],
  'knowledge-gaps': [],
  tasks: [],
  unanswered: [],
  'heat-map': [],
  'label-funnel': [],
  versions: [],
  'rating-comments': [],
  'late-tasks': [],
  'model-cost': [],
  kpi: [],
  'evaluator-agreement': [],
  alerts: [],
  strategies: [],
  'wait-for-a-person': [],
  agents: [],
  sla: [],
  trends: [],
  'prompt-versions': [],
  'cache-freshness': [],
}

test('every question has an answer in words and its definition, and the page says how far the tables are', () => {
  const page = reportPage(content, en)
  for (const name of QUESTION_NAMES) expect(page).toContain(en.questions[name].definition.replaceAll('"', '&quot;'))
  expect(page).toContain('66.7% of 3 cases ended without a person; people were called into 1')
  expect(page).toContain('1 of 2 known figures meet their aims; not met: Quality of answers (at least).')
  expect(page).toContain('at least up to record 12,345')
  expect(page).toContain('1 Nov 2026')
  expect(reportPage(content, zh)).toContain('3 个个案中，66.7% 没有人工参与，其中 1 个客户放弃；1 个转了人工。')
})

test('a comparison shows the figure of the period before and the change, and says so', () => {
  for (const words of [en, zh]) {
    const page = reportPage(compared, words)
    expect(page).toContain(words.before)
    expect(page).toContain(words.comparison)
    expect(page.split(words.beforeAnswer).length - 1).toBe(QUESTION_NAMES.length)
    // 0.75 seconds less; as many cases; the share of a reason, in percentage points.
    expect(page).toContain(`<small>${words === en ? '2 sec · −800 ms' : '2秒 · −800毫秒'}</small>`)
    expect(page).toContain('<small>1 · ±0</small>')
    expect(page).toContain(`<small>25% · +75 ${words === en ? 'pp' : '个百分点'}</small>`)
    expect(reportPage(content, words)).not.toContain('<small>')
  }
})

test('times are those of the zone, and the page names the kind', () => {
  const page = reportPage({ ...content, scope: { ...content.scope, kind: 'support', tz: 'Asia/Kathmandu' } }, en)
  expect(page).toContain('1 Nov 2026, 05:45')
  expect(page).toContain('All times are in the time zone Asia/Kathmandu.')
  expect(page).toMatch(/<dt>Kind<\/dt>\s*<dd>support<\/dd>/)
})

test('the page says which imported history counts', () => {
  for (const words of [en, zh]) {
    expect(reportPage(content, words)).toContain(words.noHistory)
    const counted = reportPage({ ...content, countsHistory: true }, words)
    expect(counted).toContain(words.historyCounts)
    expect(counted).not.toContain(words.noHistory)
  }
})

test('a short time in a state has a unit that suits it', () => {
  const stay = {
    kind: 'support',
    state: 'open',
    stays: 1,
    p50_ms: 6_000,
    p95_ms: 6_000,
    hours: 6 / 3_600,
    now: 0,
    dropped: 0,
    drop_share: null,
  }
  const short = { ...content, answers: { ...answers, 'time-in-state': [stay] } }
  expect(reportPage(short, zh)).toContain('停留最久的状态是“open”（共 6秒）')
  expect(reportPage(short, en)).toContain('(6 sec in all)')
})

test('an axis of small whole numbers has no tick twice', () => {
  for (const shape of ['bars', 'columns', 'lines'] as const) {
    const series = [{ name: 'n', values: [0, 1, null], colour: COLOURS.plain }]
    const { html } = drawChart({ shape, labels: ['a', 'b', 'c'], series, format: (value) => `v${Math.round(value)}` })
    const ticks = [...html.matchAll(/>(v\d+)</g)].map(([, tick]) => tick)
    // Bars are labelled with their values beside the ticks.
    expect(ticks.filter((tick) => tick === 'v1').length).toBe(shape === 'bars' ? 2 : 1)
  }
})

test('the page names the tables that lack rows', () => {
  for (const words of [en, zh]) {
    expect(reportPage(content, words)).not.toContain('role="alert"')
    expect(reportPage({ ...content, repairing: ['events', 'turns'] }, words)).toContain(words.repairing('events, turns'))
  }
})

test('a text of a megabyte is cut', () => {
  const [all] = answers['knowledge-gaps']
  const long = { total: false, question: 'x', example: '长'.repeat(1_000_000), intent: null, asked: 1, unanswered: 0, last_at: at }
  const page = reportPage({ ...content, answers: { ...answers, 'knowledge-gaps': [...(all === undefined ? [] : [all]), long] } }, en)
  expect(page.length).toBeLessThan(200_000)
  expect(page).toContain('长…')
})

test('without data the report says so for every question and draws no chart', () => {
  for (const words of [en, zh]) {
    const page = reportPage({ ...content, answers: empty, freshness: undefined }, words)
    expect(page.split(words.noData).length - 1).toBe(QUESTION_NAMES.length)
    expect(page).not.toContain('<svg')
    expect(page).toContain(words.nothingProjected)
  }
})

const { browser, missing } = await openBrowser()
describe.skipIf(missing !== undefined)(`in a browser${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await temporaryFolder()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true })
  })

  test.each([
    { tag: en.tag, words: en, content },
    { tag: zh.tag, words: zh, content },
    { tag: `${zh.tag}, compared`, words: zh, content: compared },
  ])('$tag: texts of customers are escaped, nothing is loaded, and nothing overflows', async ({ words, content }) => {
    const page = await browser?.newPage({ viewport: { width: 390, height: 800 } })
    if (page === undefined) throw new Error('no page')
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    const file = join(folder, `${words.language}.html`)
    await writeFile(file, reportPage(content, words))
    await page.goto(pathToFileURL(file).href)

    expect(requests).toEqual([pathToFileURL(file).href])
    expect(await page.title()).toBe(`${words.title} · acme`)
    expect(await page.locator('script, img, iframe, object').count()).toBe(0)
    expect(await page.locator('section').count()).toBe(QUESTION_NAMES.length)
    // All but the comments of ratings and the key figures have a chart.
    expect(await page.locator('figure svg').count()).toBe(QUESTION_NAMES.length - 2)
    expect(await page.locator('td', { hasText: '<script>document.title' }).count()).toBeGreaterThan(5)
    for (const width of [390, 1000]) {
      await page.setViewportSize({ width, height: 800 })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    }
    const cut = await page.evaluate(`[...document.querySelectorAll('svg text')].filter((text) => {
      const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()]
      return inner.left < outer.left - 1 || inner.right > outer.right + 1
    }).map((text) => text.textContent)`)
    expect(cut).toEqual([])
  })
})
