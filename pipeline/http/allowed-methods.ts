import type { FastifyInstance } from 'fastify'
import { HttpProblem } from './problems.ts'

/**
 * Remembers which methods each path has from now on. The function that comes back answers 405 for all others; it is to be called
 * after the last route was added.
 */
export function watchMethods(app: FastifyInstance): () => void {
  const allowed = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    allowed.set(url, [...allowed.get(url) ?? [], ...[method].flat()])
  })
  return () => {
    for (const [url, methods] of [...allowed]) {
      const allow = methods.join(', ')
      const refuse = async (): Promise<never> => {
        throw new HttpProblem('method_not_allowed', `${url} takes ${allow}`, { headers: { allow } })
      }
      const method = app.supportedMethods.filter((supported) => !methods.includes(supported))
      // Before the body is read: it does not matter what is in it.
      app.route({ url, method, onRequest: refuse, handler: refuse })
    }
  }
}
