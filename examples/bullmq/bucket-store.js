// A store in a bucket of S3, or of a compatible service (R2, MinIO, …). Give the bucket a lifecycle rule that expires old objects.
// `send` is a fetch that signs: `const aws = new AwsClient({ … }); bucketStore(url, (...args) => aws.fetch(...args))` with aws4fetch.
export function bucketStore(url, send = fetch) {
  const call = async (method, key, body) => {
    const response = await send(`${url}/${key}`, { method, body });
    if (response.ok) return response;
    throw new Error(`${method} ${response.status}: ${await response.text()}`);
  };
  return {
    put: (key, data) => call('PUT', key, data),
    get: async (key) => new Uint8Array(await (await call('GET', key)).arrayBuffer()),
    delete: (key) => call('DELETE', key),
  };
}
