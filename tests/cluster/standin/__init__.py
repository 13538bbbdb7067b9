"""A stand-in for the provider plugin ``pulumi-resource-kubernetes``, which no package registry has. Never shipped.

On Pulumi's side it is an ordinary plugin, on the other it talks to a real API server. What it does between the two is
what https://github.com/pulumi/pulumi-kubernetes (4.32, ``provider/pkg``) does; ``tests/cluster/test_provider.py`` holds
both to it, ``PROVIDER=real`` the real one:

- creates by POST under the manager ``pulumi-kubernetes``, or with ``upsertExistingObjects`` by server-side apply; waits
  for a namespace or a kind that is missing; updates by server-side apply under the object's manager, which takes over
  the fields of ``pulumi-kubernetes`` and of every kubectl, leaves ignored fields to who has them, and tells conflicts in
  the real one's words; replaces CustomResourceDefinitions as a whole;
- previews by dry run; one that is forbidden, lacks its namespace or kind, or finds the object there, passes;
- replaces an object whose immutable fields change, and ConfigMaps and Secrets unless they are configured as mutable;
- reads live objects pruned to the shape of the inputs, all of them where there are none (import), and tells which have
  not come up; deletes with propagation and waits until the object is gone, or tells its finalizers;
- waits for Deployments, StatefulSets, Jobs, Services, Ingresses and PersistentVolumeClaims, or as ``pulumi.com/waitFor``
  says, telling how it goes; what does not come up in time exists, and its error is of the kind that Pulumi records;
- honours ``pulumi.com/skipAwait``, ``timeoutSeconds``, ``patchForce``, ``patchFieldManager``,
  ``deletionPropagationPolicy``; comes again where an answer says ``Retry-After``, after a reset only to read.

Of the configuration it takes ``kubeconfig`` (a path or the content; by default the variable ``KUBECONFIG``),
``context``, ``clusterIdentifier``, ``enablePatchForce``, ``upsertExistingObjects``, ``enableConfigMapMutable`` and
``enableSecretMutable``, the last four from variables ``PULUMI_K8S_...``, too.

Where it differs: it polls where the real one watches; a Service with ready pods is up at once, not ten seconds after
its Endpoints changed last, and an Ingress without a look at its paths; inputs are compared as they were read last, not
normalized, so that ``cpu: 1000m`` read as ``1`` would be a change; a dry run of an upsert with an immutable field answers nothing, where the real one tries another name.

Left out: users without a bearer token, ``renderYamlToDirectory``, client-side apply, Helm, Kustomize, ``*Patch``
resources, invokes, generated and default names and namespaces, deprecation warnings, ``deleteUnreachable``,
``replaceUnready``, waiting for other kinds (DaemonSets, Pods, PersistentVolumes, ...) and for a Deployment's volumes, and
what pods and events say about why something does not come up.
"""
