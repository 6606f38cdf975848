import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { environmentIn, installPacked } from '../../support/packed-package.ts'
import { temporaryFolder } from '../../support/test-system.ts'

let base: string
beforeAll(async () => {
  base = await temporaryFolder()
  await installPacked(base)
})
afterAll(() => rm(base, { recursive: true, force: true }))

const run = (folder: string, command: string, ...args: string[]) =>
  promisify(execFile)(command, args, { cwd: folder, env: environmentIn(base) })
const init = (...args: string[]) => run(base, 'colloquy', 'init', ...args)

test('a project of the packed package passes its own tests, with types', async () => {
  const archive = (await readdir(base)).find((name) => name.endsWith('.tgz')) ?? ''
  const { stdout } = await init('My Orders', '--package', archive)
  expect(stdout).toContain('npm test')
  const project = join(base, 'My Orders')
  const { name, dependencies } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
  expect([name, dependencies?.['colloquy']]).toEqual(['my-orders', `file:../${archive}`])
  const workflow: unknown = parse(await readFile(join(project, '.github/workflows/test.yml'), 'utf8'))
  expect(workflow).toMatchObject({ jobs: { test: { steps: expect.arrayContaining([{ run: 'npm test' }]) as unknown } } })

  await symlink(join(base, 'node_modules'), join(project, 'node_modules'))
  const tested = await run(project, 'npm', 'test')
  expect(tested.stdout).toMatch(/pass 4\b/)
  expect((await run(project, 'colloquy', 'asyncapi')).stdout).toContain('order.placed')
  expect((await run(project, 'npm', 'run', 'dev', '--', '--help')).stdout).toContain('colloquy dev')
})

test('a test of the project fails where the kind is wrong', async () => {
  await init('wrong')
  const project = join(base, 'wrong')
  await symlink(join(base, 'node_modules'), join(project, 'node_modules'))
  const kind = await readFile(join(project, 'order.ts'), 'utf8')
  await writeFile(join(project, 'order.ts'), kind.replace('2 * 24', '3 * 24'))
  await expect(run(project, 'npm', 'test')).rejects.toMatchObject({ stdout: expect.stringContaining('after two days') as string })
  await writeFile(join(project, 'order.ts'), kind.replace("src: 'charge'", "src: 'charges'"))
  await expect(run(project, 'npm', 'test')).rejects.toMatchObject({ stdout: expect.stringContaining('order.ts(') as string })
})

test('nothing is written into a folder that is not empty', async () => {
  const full = join(base, 'full')
  await mkdir(full)
  await writeFile(join(full, 'notes.txt'), 'mine')
  await expect(init('full')).rejects.toMatchObject({ stderr: expect.stringContaining('folder_not_empty') as string })
  expect(await readdir(full)).toEqual(['notes.txt'])
  await rm(join(full, 'notes.txt'))
  await mkdir(join(full, '.git'))
  const { stdout } = await init('full', '--json')
  const { files } = JSON.parse(stdout) as { files: string[] }
  expect(files).toContain('order.test.ts')
  expect((await readdir(full)).toSorted()).toEqual(
    ['.git', '.github', '.gitignore', 'README.md', ...files.filter((file) => !/^[.R]/.test(file)).sort()].toSorted(),
  )
})
