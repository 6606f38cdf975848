import { expect, test } from 'vitest'
import { createJoinedAnswers, ENDED_ANSWERS_MAX } from '../../../../actors/kinds/question/joined-answers.ts'

let nowMs = 0
const later = () => Promise.withResolvers<string>()

test('equal questions that are asked until the answer is there get it; one that is asked later gets its own', async () => {
  const join = createJoinedAnswers<string>(() => nowMs)
  const first = later()
  nowMs = 10
  const leader = join('a', 10, () => first.promise)
  const follower = join('a', 11, () => Promise.resolve('not asked'))
  nowMs = 20
  first.resolve('one')
  expect(await leader).toEqual({ value: 'one', isJoined: false })
  expect(await follower).toEqual({ value: 'one', isJoined: true })
  expect(await join('a', 20, () => Promise.resolve('not asked'))).toEqual({ value: 'one', isJoined: true })
  expect(await join('a', 21, () => Promise.resolve('two'))).toEqual({ value: 'two', isJoined: false })
  expect(await join('b', 10, () => Promise.resolve('three'))).toEqual({ value: 'three', isJoined: false })
})

test('where an answer fails, one of those that wait for it makes its own, and the others get that', async () => {
  const join = createJoinedAnswers<string>(() => nowMs)
  const first = later()
  const made: string[] = []
  const make = (name: string) => () => {
    made.push(name)
    return Promise.resolve(name)
  }
  const leader = join('a', 0, () => first.promise)
  const followers = ['b', 'c', 'd'].map((name) => join('a', 0, make(name)))
  first.reject(new Error('given up'))
  await expect(leader).rejects.toThrow('given up')
  expect((await Promise.all(followers)).map(({ value }) => value)).toEqual(['b', 'b', 'b'])
  expect(made).toEqual(['b'])
})

test('forgets the oldest answers that have ended, and none that is being made', async () => {
  const join = createJoinedAnswers<string>(() => nowMs)
  nowMs = 5
  const open = later()
  const leader = join('open', 0, () => open.promise)
  for (let one = 0; one <= ENDED_ANSWERS_MAX; one++) await join(`k${one}`, 0, () => Promise.resolve('kept'))
  expect(await join('k0', 0, () => Promise.resolve('again'))).toEqual({ value: 'again', isJoined: false })
  expect(await join(`k${ENDED_ANSWERS_MAX}`, 0, () => Promise.resolve('again'))).toEqual({ value: 'kept', isJoined: true })
  const follower = join('open', 0, () => Promise.resolve('not asked'))
  open.resolve('made')
  expect([await leader, await follower]).toMatchObject([{ value: 'made' }, { value: 'made', isJoined: true }])
})
