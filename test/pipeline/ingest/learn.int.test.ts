import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TaskSearchQuery } from '../../../actors/definition/task-search.ts'
import { waitUntilCaughtUp } from '../../../infra/app/system-status.ts'
import { findFiles } from '../../../pipeline/ingest/find-files.ts'
import { createKnowledgeClient, type KnowledgeClient } from '../../../pipeline/ingest/knowledge-client.ts'
import { learnFiles, type LearnSummary } from '../../../pipeline/ingest/learn-files.ts'
import { createSender, type Sender } from '../../../pipeline/producer/input-sender.ts'
import { createSearchClient, type Search, type SearchHit } from '../../../pipeline/search/search-client.ts'
import { createRemoteSearch } from '../../../pipeline/search/search-service.ts'
import { createTenantSearches } from '../../../pipeline/task-runner/tenant-search.ts'
import { chineseCsv } from '../../support/office-files.ts'
import { runCli } from '../../support/run-cli.ts'
import { publishAll, rows, tablesBesideLog } from '../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../support/test-system.ts'

let system: System
let folder: string
let search: Search
let sender: Sender

beforeAll(async () => {
  folder = await temporaryFolder()
  system = await startSystem({ settings: { EMBED_BATCH_MS: '10' } })
  search = createSearchClient({ url: system.running.http?.url ?? '' })
  sender = createSender(system.producer)
})
afterAll(async () => {
  await sender.close()
  await system.stop()
  await rm(folder, { recursive: true, force: true })
})

const clientOf = (tenant: string): Promise<KnowledgeClient> => createKnowledgeClient({ nc: system.running.jetstream.nc, sender, tenant })
const caughtUp = (): Promise<unknown> => waitUntilCaughtUp(system.settings, 120_000)
const lastSeq = async (): Promise<number> => (await system.running.jetstream.jsm.streams.info('LOG')).state.last_seq
const find = async (tenant: string, q: string): Promise<readonly SearchHit[]> =>
  (await search({ tenant, q, in: 'knowledge', mode: 'keyword' })).hits

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}
async function learn(tenant: string, ...paths: string[]): Promise<LearnSummary> {
  const summary = await learnFiles(findFiles(paths.map((path) => join(folder, path))), { knowledge: await clientOf(tenant) })
  await caughtUp()
  return summary
}

describe('a learned document', () => {
  const shipping = (days: string): string =>
    `# Shipping\n\nTo Norway a parcel takes ${days} days.\n\n## Returns\n\nSend it back within 45 days.\n`

  it('is found in both languages, with its path or id as source, by its own tenant only', async () => {
    await write({
      'shop/shipping.md': shipping('four'),
      'shop/zh/配送.md': '# 配送\n\n寄到挪威需要四个工作日。\n',
      'shop/page.html': '<title>Hours</title><h1>Opening hours</h1><p>We open at nine.',
      'shop/prices.csv': 'product,price\nLark Mini,59\n云雀音箱,149\n',
      'shop/tool.py': 'def weigh(parcel):\n    """Weighs a parcel."""\n    return parcel.grams\n',
      'shop/.hidden/secret.md': 'parcel',
      'shop/node_modules/x.md': 'parcel',
      'shop/photo.png': 'parcel',
      'faq.jsonl':
        '{"id":"faq-1","title":"Gift cards","text":"A gift card is valid for three years.","url":"https://shop.test/gift"}\n'
        + '{"id":"礼品卡","text":"礼品卡三年内有效。","lang":"zh"}\n',
    })
    expect(await learn('shop', 'shop', 'faq.jsonl')).toMatchObject({ files: 6, learned: 7, changed: 0, unchanged: 0, badCount: 0 })
    const source = async (q: string): Promise<string | undefined> => (await find('shop', q))[0]?.source
    expect(await source('parcel Norway')).toBe(join(folder, 'shop/shipping.md'))
    expect(await source('寄到挪威')).toBe(join(folder, 'shop/zh/配送.md'))
    expect(await source('opening hours')).toBe(join(folder, 'shop/page.html'))
    expect(await source('云雀音箱')).toBe(join(folder, 'shop/prices.csv'))
    expect(await source('weigh grams')).toBe(join(folder, 'shop/tool.py'))
    expect(await source('gift card valid')).toBe('faq-1')
    expect(await find('shop', '礼品卡有效')).toMatchObject([{ source: '礼品卡', lang: 'zh', kind: 'source', in: 'knowledge' }])
    expect(await find('other', 'parcel')).toEqual([])
    expect((await find('shop', 'parcel')).every((hit) => !/hidden|node_modules|png/.test(hit.source))).toBe(true)
    expect(
      await rows(
        system,
        `SELECT label.source.:String AS source, label.chunks::UInt32 AS chunks, state
      FROM actors WHERE kind = 'source' AND actor = 'faq-1'`,
      ),
    ).toEqual([{ source: 'faq-1', chunks: 1, state: 'known' }])
  })

  it('changes nothing when it is learned again, and only the differing chunks when it has changed', async () => {
    const before = await lastSeq()
    expect(await learn('shop', 'shop', 'faq.jsonl')).toMatchObject({ learned: 0, changed: 0, unchanged: 7, added: 0, removed: 0 })
    expect(await lastSeq()).toBe(before)
    const [kept] = await find('shop', 'send back')
    await write({ 'shop/shipping.md': shipping('nine') })
    expect(await learn('shop', 'shop')).toMatchObject({ changed: 1, unchanged: 4, added: 1, removed: 1 })
    expect(await lastSeq()).toBe(before + 1)
    expect((await find('shop', 'Norway')).map(({ text }) => text)).toEqual([expect.stringContaining('nine')])
    expect((await find('shop', 'send back'))[0]).toMatchObject({ id: kept?.id, seq: kept?.seq })
    // Learning the first version again is not a duplicate of the first time.
    await write({ 'shop/shipping.md': shipping('four') })
    expect(await learn('shop', 'shop/shipping.md')).toMatchObject({ changed: 1, added: 1, removed: 1 })
    expect((await find('shop', 'Norway')).map(({ text }) => text)).toEqual([expect.stringContaining('four')])
  })

  it('can be forgotten and learned again, and the tables match LOG', async () => {
    const client = await clientOf('shop')
    expect(await client.forget(join(folder, 'shop/shipping.md'))).toBe(2)
    await caughtUp()
    expect(await find('shop', 'Norway')).toEqual([])
    await expect(client.forget(join(folder, 'shop/shipping.md'))).rejects.toMatchObject({ code: 'no_such_source' })
    expect(await learn('shop', 'shop/shipping.md')).toMatchObject({ learned: 1, added: 2 })
    expect(await find('shop', 'Norway')).toHaveLength(1)
    expect(await tablesBesideLog(system)).toEqual([])
  })

  it('can be large, and its unchanged chunks are found all the time while others change', async () => {
    const sentences = (mark: string): string =>
      Array.from(
        { length: 6_500 },
        (_, index) => `${index % 900 === 0 ? 'The anchor stays' : `Clause ${mark}${index}`} where it is said to be. `,
      ).join('')
    const anchor = 'The anchor never moves.\n\n'
    await write({ 'large.txt': `${anchor}${sentences('old')}` })
    expect(await learn('large', 'large.txt')).toMatchObject({ learned: 1, badCount: 0 })
    await write({ 'large.txt': `${anchor}${sentences('new')}` })
    let done = false
    const learning = learn('large', 'large.txt').finally(() => {
      done = true
    })
    while (!done) expect((await find('large', 'anchor')).length).toBeGreaterThan(0)
    expect(await learning).toMatchObject({ changed: 1 })
    const [uploads] = await rows<{ n: number }>(system, "SELECT count() AS n FROM events WHERE tenant = 'large' AND type = 'source.taught'")
    expect(uploads?.n).toBeGreaterThanOrEqual(4)
    expect(await find('large', 'old6499')).toEqual([])
    expect(await find('large', 'new6499')).toHaveLength(1)
  })

  it('can be one of many files, of which unreadable ones are reported and the others learned', async () => {
    await write(
      Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [`many/${index % 10}/${index}.txt`, `Note ${index} is about item${index}.`]),
      ),
    )
    await write({
      'many/empty.md': '',
      'many/binary.txt': Uint8Array.from([1, 0, 2]),
      'many/latin1.txt': Uint8Array.from([0x63, 0x61, 0x66, 0xe9]),
      'many/emoji.md': '👩‍👩‍👧 مرحبا \u200b',
      'many/lines.jsonl':
        '{"id":"a","text":"fine"}\nnot json\n{"id":"a","text":"twice"}\n{"id":"","text":"x"}\n\n["x"]\n'
        + '{"id":"b","text":" "}\n{"id":"c\\ud800","text":"x"}\n',
    })
    const summary = await learn('many', 'many')
    expect(summary).toMatchObject({ files: 305, learned: 302, badCount: 9 })
    expect(summary.bad.map(({ file, line, problem }) => [file.slice(folder.length + 6), line, problem])).toEqual(
      expect.arrayContaining([
        ['empty.md', undefined, 'the file is empty'],
        ['binary.txt', undefined, expect.stringContaining('binary')],
        ['latin1.txt', undefined, expect.stringContaining('not UTF-8')],
        ['lines.jsonl', 2, 'not JSON'],
        ['lines.jsonl', 3, expect.stringMatching(/id "a" was in line 1 of .* already/)],
        ['lines.jsonl', 4, expect.stringContaining('id')],
        ['lines.jsonl', 6, expect.stringContaining('must be an object')],
        ['lines.jsonl', 7, 'the document has no text'],
        ['lines.jsonl', 8, expect.stringContaining('surrogate')],
      ]),
    )
    expect(await find('many', 'item299')).toHaveLength(1)
    expect(await find('many', 'مرحبا')).toHaveLength(1)
    await expect(learn('many', 'nowhere')).rejects.toMatchObject({ code: 'no_such_path' })
  })

  it('is found in the other Chinese script, without accents, by its signs and by one character', async () => {
    await write({
      'words/a.md': '# 退貨\n\n四十五天內可以退貨。',
      'words/b.md': '# 发票\n\n登录后申请电子发票，含税。',
      'words/c.md': '# Café\n\nThe café opens at nine.',
      'words/d.md': '# C#\n\nWe write the server in C#.',
      'words/e.md': '# C++\n\nWe write the client in C++.',
    })
    await learn('words', 'words')
    const names = async (q: string): Promise<string[]> => (await find('words', q)).map(({ source }) => source.slice(-4)).sort()
    expect(await names('退货')).toEqual(['a.md'])
    expect(await names('發票')).toEqual(['b.md'])
    expect(await names('税')).toEqual(['b.md'])
    expect(await names('cafe')).toEqual(['c.md'])
    expect(await names('C#')).toEqual(['d.md'])
    expect(await names('C++')).toEqual(['e.md'])
    expect(await names('C')).toEqual([])
    expect((await search({ tenant: 'words', q: '退货', mode: 'dense', limit: 1 })).hits[0]?.text).toContain('退貨')
  })

  it('is skipped by name in a folder, if it is no text; the exit code stays 0', async () => {
    await write({ 'skip/a.md': 'Fine.', 'skip/photo.png': 'x', 'skip/data.zip': 'x' })
    const learned = await runCli(['learn', join(folder, 'skip'), '--tenant', 'skip'], { dataDir: system.settings.DATA_DIR })
    expect(learned).toMatchObject({ code: 0, stdout: expect.stringContaining('1 sources of skip') as string })
    const name = (file: string): string => `${join(folder, 'skip', file)} (no text of a known type)`
    expect(learned.stderr).toContain(`skipped: ${name('data.zip')}, ${name('photo.png')}\n`)
  })

  it('can be uploaded by commands and by any producer', async () => {
    const options = { dataDir: system.settings.DATA_DIR }
    const paths = [join(folder, 'faq.jsonl'), join(folder, 'many/binary.txt')]
    const learned = await runCli(['learn', ...paths, '--tenant', 'cli', '--wait', '--json'], options)
    expect(learned).toMatchObject({ code: 1, stderr: expect.stringContaining('binary.txt: the file is binary') as string })
    expect(JSON.parse(learned.stdout)).toMatchObject({ learned: 2, badCount: 1 })
    expect(await find('cli', 'gift card')).toMatchObject([{ source: 'faq-1' }])
    expect(await runCli(['forget', 'faq-1', '--tenant', 'cli'], options)).toMatchObject({ code: 0, stdout: 'faq-1: 1 chunks\n' })
    await publishAll(system, [
      { subject: 'in.cli.source.from-elsewhere', body: { type: 'source.taught', data: { chunks: ['Taught by somebody else.'] } } },
    ])
    await caughtUp()
    expect(await find('cli', 'gift card')).toEqual([])
    expect(await find('cli', 'taught by somebody')).toMatchObject([{ source: 'from-elsewhere' }])
    const remoteSearch = createRemoteSearch(system.running.jetstream.nc)
    expect((await remoteSearch({ tenant: 'cli', q: 'somebody', mode: 'keyword' })).hits).toMatchObject([{ source: 'from-elsewhere' }])
    await expect(remoteSearch({ tenant: 'cli', q: ' ' })).rejects.toMatchObject({ code: 'bad_query' })
    await expect(system.producer.request('colloquy.search', '{"tenant":"cli","q":"somebody"}', { timeout: 500 })).rejects.toThrow()
  })
})

describe('tags', () => {
  const cli = (...args: string[]) => runCli(args, { dataDir: system.settings.DATA_DIR })
  const http = async (query: string): Promise<{ status: number; body: { hits?: SearchHit[]; code?: string; detail?: string } }> => {
    const response = await fetch(`${system.running.http?.url ?? ''}/v1/search?tenant=tags&${query}`)
    return { status: response.status, body: (await response.json()) as { hits?: SearchHit[] } }
  }
  const sourcesBy = async (query: string): Promise<string[]> =>
    ((await http(query)).body.hits ?? []).map(({ source }) => source.slice(folder.length + 1)).sort()
  const learnTagged = (...args: string[]) => cli('learn', ...args, '--tenant', 'tags', '--wait', '--json')

  it('of a learn filter searches over HTTP, on the command line, by the client and in tasks', async () => {
    await write({
      'tags/otter/en.md': 'An otter swims in the river.',
      'tags/otter/zh.md': '水獭在河里游泳。The otter swims.',
      'tags/beaver.md': 'A beaver swims in the river, too.',
      'tags/lines.jsonl': '{"id":"line","text":"It swims, says a line.","tags":{"lang":"zh","formula":"a=b=c"}}\n',
    })
    const otter = [join(folder, 'tags/otter/en.md'), '--tag', 'product=otter', '--tag', 'lang=en']
    expect(await learnTagged(...otter)).toMatchObject({ code: 0 })
    await learnTagged(join(folder, 'tags/otter/zh.md'), join(folder, 'tags/lines.jsonl'), '--tag', 'product=otter', '--tag', 'lang=zh')
    await learnTagged(join(folder, 'tags/beaver.md'), '--tag', 'product=beaver')
    expect(await sourcesBy('q=swims')).toHaveLength(4)
    expect(await sourcesBy('q=swims&tag=product=otter&tag=lang=en')).toEqual(['tags/otter/en.md'])
    expect(await sourcesBy('q=swims&tag=product%3Dotter&tag=product%3Dbeaver')).toHaveLength(4)
    expect(await sourcesBy('q=swims&tag=product=beaver')).toEqual(['tags/beaver.md'])
    expect((await search({ tenant: 'tags', q: 'swims', tag: 'formula=a=b=c' })).hits).toMatchObject([{ source: 'line' }])
    expect((await search({ tenant: 'tags', q: 'swims', tag: ['product=otter', 'lang=zh'] })).hits).toHaveLength(2)

    const found = await cli('search', 'swims', '--tenant', 'tags', '--tag', 'product=otter', '--tag', 'lang=en', '--json')
    expect((JSON.parse(found.stdout) as { hits: SearchHit[] }).hits).toMatchObject([{ source: join(folder, 'tags/otter/en.md') }])
    const nothing = await cli('search', 'swims', '--tenant', 'tags', '--tag', 'product=cat', '--tag', 'lang=en')
    expect(nothing).toMatchObject({ code: 0, stdout: '' })
    expect(nothing.stderr).toContain('Nothing found for the tenant tags in documents with product=cat, lang=en.')

    const { jetstream } = system.running
    const searches = createTenantSearches(jetstream, createRemoteSearch(jetstream.nc))
    const task = searches.of({ tenant: 'tags', kind: 'support', id: 'c1' })
    const byTask = async (tags: TaskSearchQuery['tags']) => (await task.search({ q: 'swims', tags, limit: 10 })).length
    expect(await byTask({ product: 'otter' })).toBe(3)
    expect(await byTask({ product: ['otter', 'beaver'], lang: ['zh', 'en'] })).toBe(3)
    expect(await byTask({ product: 'cat' })).toBe(0)
    expect(await byTask({ product: [] })).toBe(0)
    expect(await byTask({})).toBe(4)
    await expect(byTask({ 'no key': 'x' })).rejects.toMatchObject({ code: 'bad_query' })
    searches.stop()
    expect(await rows(system, "SELECT label.tags.:String AS tags FROM actors WHERE tenant = 'tags' AND label.source = 'line'")).toEqual([
      { tags: '{"product":"otter","lang":"zh","formula":"a=b=c"}' },
    ])
  })

  it('that alone change keep the chunks and their ids, and a learn without them removes them', async () => {
    const [before] = (await search({ tenant: 'tags', q: 'swims', tag: 'product=beaver' })).hits
    const file = join(folder, 'tags/beaver.md')
    const retagged = await learnTagged(file, '--tag', 'product=castor')
    expect(JSON.parse(retagged.stdout)).toMatchObject({ changed: 1, added: 0, removed: 0 })
    expect((await search({ tenant: 'tags', q: 'swims', tag: 'product=castor' })).hits).toMatchObject([{ id: before?.id, seq: before?.seq }])
    expect(await sourcesBy('q=swims&tag=product=beaver')).toEqual([])
    expect(JSON.parse((await learnTagged(file, '--tag', 'product=castor')).stdout)).toMatchObject({ unchanged: 1 })
    expect(JSON.parse((await learnTagged(file)).stdout)).toMatchObject({ changed: 1, added: 0, removed: 0 })
    expect(await sourcesBy('q=swims&tag=product=castor')).toEqual([])
    expect(await sourcesBy('q=beaver&mode=keyword')).toEqual(['tags/beaver.md'])
    await learnTagged(file, '--tag', 'product=castor')
    await (await clientOf('tags')).forget(file)
    await caughtUp()
    expect(await sourcesBy('q=swims&tag=product=castor')).toEqual([])
    expect(await tablesBesideLog(system)).toEqual([])
    expect(await cli('verify', '--tenant', 'tags')).toMatchObject({ code: 0 })
  })

  it('that are none are refused by name and bound', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ['--tag', `k${index}=v`]).flat()
    const file = join(folder, 'tags/beaver.md')
    for (const [args, problem] of [
      [['--tag', 'novalue'], 'has no "="'],
      [['--tag', '=x'], 'the key must have 1 to 64 of [A-Za-z0-9_.-]'],
      [['--tag', 'x='], 'the value must have 1 to 256 characters'],
      [['--tag', 'a=1', '--tag', 'a=2'], 'The key a is given twice'],
      [many, 'must have at most 32 tags'],
    ] as const) {
      const refused = await cli('learn', file, '--tenant', 'tags', ...args)
      expect(refused.code).not.toBe(0)
      expect(refused.stderr).toContain(problem)
      expect(refused.stderr).toContain('--tag')
    }
    expect((await cli('search', 'x', ...many)).stderr).toContain('at most 16 tags')
    const query = Array.from({ length: 17 }, (_, index) => `tag=k=${index}`).join('&')
    expect(await http(`q=swims&${query}`)).toMatchObject({ status: 400, body: { code: 'bad_query' } })
    expect((await http('q=swims&tag=novalue')).body.detail).toContain('tag: must be key=value: has no "="')
  })
})

describe('the kind support', () => {
  interface Answer {
    text: string
    source: string | null
    chunk: string | null
    kb: string
  }
  const ask = async (tenant: string, actor: string, text: string): Promise<Answer> => {
    const body = { type: 'message.received', data: { role: 'user', text } }
    await publishAll(system, [{ subject: `in.${tenant}.support.${actor}`, body }])
    await caughtUp()
    const [answer] = await rows<Answer>(
      system,
      `SELECT m.text, nullIf(c.source, '') AS source, c.chunk AS chunk,
      (SELECT argMax(kb_version, turn) FROM turns WHERE tenant = '${tenant}' AND actor = '${actor}') AS kb
      FROM messages m LEFT JOIN citations c ON c.seq = m.seq AND c.idx = m.idx
      WHERE m.tenant = '${tenant}' AND m.actor = '${actor}' AND m.role = 'assistant' ORDER BY m.seq DESC, c.rank LIMIT 1`,
    )
    if (answer === undefined) throw new Error('no answer')
    return answer
  }
  const manual = (name: string, years: string): string =>
    `# ${name}\n\nThe ${name} kettle holds 1.5 litres.\n\n`
    + `## Warranty of the ${name}\n\nThe warranty of the ${name} kettle is ${years} years from delivery.\n`

  it('answers from the documents of its tenant, in both languages, and cites the passage', async () => {
    await write({
      'desk/zephyr.md': manual('Zephyr', 'five'),
      'desk/boreas.md': manual('Boreas', 'two'),
      'desk/zh.md': '# 保修\n\n西风电热水壶的保修期是七年，从收货那天算起。\n',
    })
    await learn('desk', 'desk')
    const [hit] = await find('desk', 'warranty Zephyr kettle')
    const english = await ask('desk', 'c1', 'How long is the warranty of the Zephyr kettle?')
    expect(english).toMatchObject({
      text: expect.stringMatching(/five years from delivery\. \(Source: Zephyr › Warranty/) as string,
      source: join(folder, 'desk/zephyr.md'),
      chunk: hit?.id,
    })
    expect(english.kb).toMatch(/^log-\d+$/)
    expect(await ask('desk', 'c2', '西风电热水壶的保修期是几年？')).toMatchObject({
      text: expect.stringContaining('七年') as string,
      source: join(folder, 'desk/zh.md'),
    })
  })

  it('answers from the bundled articles for a tenant without documents, and only from its own for others', async () => {
    expect(await ask('nobody', 'c1', 'How much does shipping to Norway cost?')).toMatchObject({
      source: 'shipping-europe-en',
      kb: expect.not.stringContaining('log-') as string,
    })
    expect(await ask('desk', 'c3', 'How much does shipping to Norway cost?')).toMatchObject({
      source: null,
      text: expect.stringContaining('not sure') as string,
    })
  })

  it('answers from a changed document as soon as all stages have caught up', async () => {
    await write({ 'desk/zephyr.md': manual('Zephyr', 'six') })
    await learn('desk', 'desk')
    expect((await ask('desk', 'c4', 'How long is the warranty of the Zephyr kettle?')).text).toContain('six years')
    await (await clientOf('desk')).forget(join(folder, 'desk/zephyr.md'))
    await caughtUp()
    const { source } = await ask('desk', 'c5', 'How long is the warranty of the Zephyr kettle?')
    expect(source).not.toBe(join(folder, 'desk/zephyr.md'))
    await learn('desk', 'desk')
  })

  it('answers from tables, lists of questions and pages by the row or the answer that was asked for', async () => {
    const plans = Array.from(
      { length: 24 },
      (_, index) => `| 方案${index + 1} | 含${index + 1}0GB流量。超出后限速，不再另外计费。 | ${(index + 1) * 9}元 |`,
    )
    const accordion = (question: string, answer: string): string =>
      `<div class="accordion-item"><h2 class="accordion-header"><button class="accordion-button" type="button">${question}</button></h2>`
      + `<div class="accordion-collapse"><div class="accordion-body">${answer}</div></div></div>`
    await write({
      'cases/plans/table.md': `# 套餐\n\n| 套餐 | 说明 | 月费 |\n|---|---|---|\n${plans.join('\n')}\n`,
      'cases/lid/faq.csv':
        'How do I open the lid?,Press the red button.\nWhere is the filter?,Behind the back plate.\nHow do I clean it?,With warm water.\n',
      'cases/tank/faq.csv':
        '"Question (short, plain, in words)";"Answer"\n"How big is the tank?";"Two litres"\n"Is it quiet?";"Yes; below 40 dB"\n',
      'cases/fee/faq.csv': chineseCsv,
      'cases/ship/faq.html':
        '<title>Help centre</title><h1>Help centre</h1><div class="accordion">'
        + accordion('Can I pay with a voucher?', 'Yes, enter its code at checkout.')
        + `${accordion('Do you ship to Iceland?', 'No, only inside the EU.')}</div>`,
      'cases/widget/fence.md':
        '# Weather widget\n\nGet it:\n\n```npm install weather-widget```\n\n## Configure\n\nSet the city.\n\n'
        + '## Uninstall\n\nRemove the folder `widget`.\n',
      'cases/lamp/lamp.md': '<h1 align="center">Lamp</h1>\n\n## Features\n\nIt is bright.\n\n## Install\n\nScrew it in.\n',
    })
    const questions = {
      plans: ['方案14的月费是多少？', /方案14.*126元/],
      lid: ['How do I open the lid?', /Press the red button\./],
      tank: ['How big is the tank?', /How big is the tank\?.*Two litres/],
      fee: ['运费多少？', /满99元包邮/],
      ship: ['Do you ship to Iceland?', /^No, only inside the EU\. .*Do you ship to Iceland\?/],
      widget: ['How do I uninstall the weather widget?', /Remove the folder .*Uninstall/],
      lamp: ['How do I install the lamp?', /Screw it in\. .*Lamp › Install/],
    } as const
    for (const [name, [question, answer]] of Object.entries(questions)) {
      expect(await learn(`cases-${name}`, `cases/${name}`)).toMatchObject({ learned: 1, badCount: 0 })
      const { text } = await ask(`cases-${name}`, 'c1', question)
      expect(text).toMatch(answer)
      expect(text).not.toMatch(/方案13|117元|back plate|40 dB|checkout/)
    }
  })

  it('answers a question in traditional characters from a text in simplified ones, and the reverse', async () => {
    await write({ 'scripts/s.md': '# 运费\n\n满99元免运费。', 'scripts/t.md': '# 退貨期限\n\n四十五天內可以退貨。' })
    await learn('scripts', 'scripts')
    expect((await ask('scripts', 'c1', '運費是多少？')).text).toContain('满99元免运费')
    expect((await ask('scripts', 'c2', '退货期限是几天？')).text).toContain('四十五天內可以退貨')
  })

  it('uses early messages of the customer if a question refers to them', async () => {
    await publishAll(
      system,
      [
        ['c6', 'I have bought a Boreas kettle from you.'],
        ['c7', 'I have bought a Zephyr kettle from you.'],
      ].flatMap(([actor, first]) =>
        [first, ...Array.from({ length: 4 }, (_, index) => `Do you sell umbrellas number ${index}?`)].map((text, index) => ({
          subject: `in.desk.support.${actor}`,
          body: { type: 'message.received', id: `early-${index}`, history: true, data: { role: 'user', text } },
        })),
      ),
    )
    await caughtUp()
    for (const [actor, years] of [
      ['c6', 'two'],
      ['c7', 'six'],
    ] as const) {
      await ask('desk', actor, 'How many litres does the kettle hold?')
      expect((await ask('desk', actor, 'and how long is its warranty, the kettle?')).text).toContain(`${years} years`)
    }
  })
})
