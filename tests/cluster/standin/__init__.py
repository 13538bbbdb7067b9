"""A stand-in for the provider plugin ``pulumi-resource-kubernetes``, which no package registry has. Never shipped.

On Pulumi's side it is an ordinary plugin, on the other it talks to a real API server; what it does between the two is
what https://github.com/pulumi/pulumi-kubernetes (4.34, ``provider/pkg/provider/provider.go``) does for what our
product asks of it:

- creates and updates by server-side apply with a field manager (an object that is there already is an error without
  ``upsertExistingObjects``; the real one creates by POST), previews both by server-side dry-run, reads live objects
  pruned to the shape of the inputs, deletes with propagation and waits until the object is gone;
- replaces an object whose immutable fields change, deleting the old one first;
- waits for Deployments, StatefulSets, Jobs, Services, and PersistentVolumeClaims, told as it goes; an object that does
  not come up in time exists, and its error is of the kind that Pulumi records with the object;
- honours ``pulumi.com/waitFor``, ``skipAwait``, ``timeoutSeconds``, ``patchForce``, ``patchFieldManager``, and
  ``deletionPropagationPolicy``.

Of the configuration it takes ``kubeconfig`` (a path or the content; by default the variable ``KUBECONFIG``),
``context``, ``clusterIdentifier``, ``enablePatchForce`` and ``upsertExistingObjects``.

Left out: users without a bearer token, ``renderYamlToDirectory``, client-side apply, Helm, Kustomize, ``*Patch``
resources, invokes, generated names, deprecation warnings, ``deleteUnreachable``, and waiting for other kinds.
"""
