// Sends requests at a rate by autocannon, and prints one line of JSON for each: its number, the status (0 without an
// answer), when it was sent, milliseconds, Retry-After. The whole order is one JSON argument.
const autocannon = require('autocannon')

const order = JSON.parse(process.argv[2])
// autocannon sends a second's requests at its start: several of it, set off one after the other, spread them
const SLOTS = 20
const slots = Math.min(SLOTS, order.rate)
const sentAt = []
const answered = []

function body (number) {
  const events = Array.from({ length: order.events }, (_, event) => ({
    specversion: '1.0',
    id: `${order.step}-${number}-${event}`,
    source: 'load',
    type: 'load',
    subject: `${order.step}-${Math.floor(number / order.chunk)}`,
    data: { request: `${order.step}-${number}`, event: `${event}` }
  }))
  return JSON.stringify(events)
}

function tell (number, status, ms, retryAfter) {
  answered[number] = true
  process.stdout.write(JSON.stringify([number, status, sentAt[number], ms, retryAfter]) + '\n')
}

function headerOf (headers, name) {
  const found = Object.keys(headers).find((one) => one.toLowerCase() === name)
  return found === undefined ? null : headers[found]
}

function fire (slot) {
  const rate = Math.floor(order.rate / slots) + (slot < order.rate % slots ? 1 : 0)
  autocannon({
    url: order.url,
    connections: rate,
    overallRate: rate,
    amount: rate * order.seconds,
    timeout: order.timeout,
    method: 'POST',
    headers: { authorization: `Bearer ${order.key}`, 'content-type': 'application/cloudevents-batch+json' },
    requests: [{
      path: '/api/v1/events',
      setupRequest: (request, context) => {
        context.number = sentAt.push(performance.now()) - 1
        return { ...request, body: body(context.number) }
      },
      onResponse: (status, _body, context, headers) => {
        tell(context.number, status, performance.now() - sentAt[context.number], headerOf(headers, 'retry-after'))
      }
    }]
  })
}

for (let slot = 0; slot < slots; slot++) setTimeout(() => fire(slot), slot * 1000 / slots)

process.on('exit', () => {
  for (let number = 0; number < sentAt.length; number++) if (!answered[number]) tell(number, 0, 0, null)
})
