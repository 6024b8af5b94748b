// Sends one of each call with @rudderstack/rudder-sdk-node, and prints what it was told of each delivery.
const Analytics = require('@rudderstack/rudder-sdk-node')

const [url, writeKey, many, gzip] = process.argv.slice(2)
const told = { delivered: 0, errors: [] }
const done = (error) => (error ? told.errors.push(String(error)) : (told.delivered += 1))
const analytics = new Analytics(writeKey, {
  dataPlaneUrl: url, flushInterval: 100, gzip: gzip !== 'plain', logLevel: 'error', errorHandler: (error) => told.errors.push(String(error)),
})

analytics.identify({ userId: 'ada', traits: { plan: 'pro', address: { city: 'Oslo' } } }, done)
analytics.track({ userId: 'ada', event: 'Order Completed', properties: { total: 12.5 } }, done)
analytics.page({ anonymousId: 'a-1', name: 'Shoes', category: 'shop', properties: { path: '/shoes' } }, done)
analytics.screen({ userId: 'ada', name: 'Cart' }, done)
analytics.group({ userId: 'ada', groupId: 'g-1', traits: { plan: 'team' } }, done)
analytics.alias({ userId: 'ada', previousId: 'a-1' }, done)
for (let n = 0; n < Number(many); n += 1) {
  analytics.track({ userId: 'ada', event: 'viewed', properties: { n } }, done)
}
const total = 6 + Number(many)
const until = Date.now() + 20000
const look = setInterval(() => {
  if (told.delivered + told.errors.length >= total || Date.now() > until) {
    clearInterval(look)
    console.log(JSON.stringify(told))
    process.exit(0)
  }
}, 20)
