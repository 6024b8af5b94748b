// Sends one of each call with @segment/analytics-node, and prints what it was told of each delivery.
import { Analytics } from '@segment/analytics-node'

const [url, writeKey, many] = process.argv.slice(2)
const told = { delivered: 0, errors: [] }
const analytics = new Analytics({ writeKey, host: url, flushInterval: 100, maxRetries: 5 })
analytics.on('error', (error) => told.errors.push(String(error.reason ?? error.code)))
const done = (error) => (error ? told.errors.push(String(error)) : (told.delivered += 1))

analytics.identify({ userId: 'ada', traits: { plan: 'pro', address: { city: 'Oslo' } } }, done)
analytics.track({ userId: 'ada', event: 'Order Completed', properties: { total: 12.5 } }, done)
analytics.page({ anonymousId: 'a-1', name: 'Shoes', category: 'shop', properties: { path: '/shoes' } }, done)
analytics.screen({ userId: 'ada', name: 'Cart' }, done)
analytics.group({ userId: 'ada', groupId: 'g-1', traits: { plan: 'team' } }, done)
analytics.alias({ userId: 'ada', previousId: 'a-1' }, done)
for (let n = 0; n < Number(many); n += 1) {
  analytics.track({ userId: 'ada', event: 'viewed', properties: { n } }, done)
}
await analytics.closeAndFlush({ timeout: 20000 })
console.log(JSON.stringify(told))
