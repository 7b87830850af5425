// Posts frames as most Node.js functions do: one client, and Promise.all over the connections of a channel.
// node post.js URL POSTS SLICE BYTES, and one line of JSON on standard output.
import { Agent } from 'node:http';
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { NodeHttpHandler } from '@smithy/node-http-handler';

const [url, posts, slice, bytes] = process.argv.slice(2).map((it, at) => (at === 0 ? it : Number(it)));
const httpAgent = new Agent({ keepAlive: true, maxSockets: 256 });
const client = new ApiGatewayManagementApiClient({
  endpoint: url,
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler({ httpAgent, socketAcquisitionWarningTimeout: 60_000 }),
});
const ids = Array.from({ length: slice }, (_, n) => `L0SM9cOF${String(n).padStart(6, '0')}A=`);
const Data = Buffer.from('x'.repeat(bytes));
const broadcast = () =>
  Promise.all(ids.map((ConnectionId) => client.send(new PostToConnectionCommand({ ConnectionId, Data }))));

await broadcast();
const cpu = process.cpuUsage();
const began = performance.now();
let done = 0;
for (; done < posts; done += slice) await broadcast();
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ per_second: done / seconds, cpu_us: (user + system) / done }));
client.destroy();
httpAgent.destroy();
