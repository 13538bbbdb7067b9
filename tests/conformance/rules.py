"""The rules of deviations, one for each thing that we mean to do otherwise than the ancestor."""

from __future__ import annotations

from tests.conformance import expectations
from tests.conformance.comparison import ABSENT
from tests.conformance.deviations import Refusal, Rule

_README = "the vectors' README, known odd cases"
_TEMPLATE = r"(spec\.jobTemplate\.)?spec\.template"
_CONTAINER = rf"{_TEMPLATE}\.spec\.containers\[\d+\]"
_DATABASE_TESTS = "tests/unit/modules/test_cloud_databases.py"

RULES: tuple[Rule, ...] = (
    Rule(
        "kubernetes:core/v1:Secret",
        r"stringData\.password",
        expectations.digest_replaced,
        "the ancestor's password is a digest of public names",
        "tests/unit/modules/test_postgres.py::test_the_password_and_the_url_are_secret",
        _README,
    ),
    Rule(
        "kusion:index:RandomPassword",
        "",
        expectations.used_by_a_secret,
        "a password that is made once, and kept encrypted in the state",
        "tests/unit/modules/test_postgres.py::test_the_password_and_the_url_are_secret",
        _README,
    ),
    Rule(
        "kubernetes:core/v1:Secret",
        r"data\.(username|password|token)",
        expectations.nothing,
        "the ancestor makes another value whenever it generates",
        "tests/unit/modules/test_service_secrets.py::test_missing_values_are_made_at_random_once",
    ),
    Rule(
        "kubernetes:core/v1:Secret",
        r"stringData\.(username|password|token)",
        expectations.a_random_password,
        "the ancestor makes another value whenever it generates",
        "tests/unit/modules/test_service_secrets.py::test_missing_values_are_made_at_random_once",
    ),
    Rule(
        "kubernetes:core/v1:Service",
        r"spec\.ports\[\d+\]\.targetPort",
        expectations.unset,
        "0 is Go's way to say that none is set; Kubernetes then takes the port, and would show it as drift",
        "tests/unit/modules/test_postgres.py::test_under_its_default_name_it_has_the_ancestors_names",
    ),
    Rule(
        "aws:ec2/securityGroup:SecurityGroup",
        r"ingress\[0\]\.cidrBlocks\[\d\]",
        expectations.private,
        "nobody but private networks connects unless the workspace says so",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "aws:rds/instance:Instance",
        "publiclyAccessible",
        expectations.not_public,
        "a database has no public address unless the workspace says who may use it",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "alicloud:rds/instance:Instance",
        r"securityIps\[\d\]",
        expectations.private,
        "nobody but private networks connects unless the workspace says so",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "alicloud:rds/connection:Connection",
        "",
        expectations.instance_is_private,
        "a database has no public address unless the workspace says who may use it",
        f"{_DATABASE_TESTS}::test_a_database_at_aws_is_an_instance_behind_a_security_group",
        _README,
    ),
    Rule(
        "a*:*",
        r"[^#].*",
        expectations.imported,
        "Pulumi imports a resource with its inputs, and compares them with what is live; Terraform takes none",
        "tests/unit/compiler/test_blocks.py::test_an_imported_resource_keeps_its_inputs",
        "DESIGN 5: cloud resources are Pulumi tokens",
    ),
    Rule(
        "kubernetes:*",
        rf'({_TEMPLATE}\.)?metadata\.(annotations\["prometheus\.io/[a-z]+"\]|labels\.kusion_monitoring_appname)',
        expectations.of_the_workload,
        "Prometheus looks at pods and Services, not at the object that makes the pods",
        "tests/unit/modules/test_monitoring.py::test_without_the_operator_the_pods_say_where_their_metrics_are",
    ),
    Rule(
        "kubernetes:*",
        r'metadata\.annotations\["prometheus\.io/(port|path)"\]',
        expectations.nothing,
        "an empty port or path is none, and would be scraped as one",
        "tests/unit/modules/test_monitoring.py::test_without_the_operator_the_pods_say_where_their_metrics_are",
    ),
    Rule(
        "kubernetes:apps.kusionstack.io/v1alpha1:PodTransitionRule",
        "",
        expectations.rule_of_a_collaset,
        "the ancestor does not see that the platform chose a CollaSet",
        "tests/unit/modules/test_opsrule.py::test_a_collaset_of_the_platforms_obeys_it",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.volumeMounts\[\d+\]\.(mountPath|subPath)",
        expectations.file_alone,
        "two mounts in one directory, or one inside of another, make no pod",
        "tests/unit/modules/test_service_files.py::test_a_file_beside_or_above_another_hides_no_directory",
    ),
    Rule(
        "kubernetes:*",
        rf"{_TEMPLATE}\.spec\.volumes\[\d+\]\.(configMap|secret)\.defaultMode",
        expectations.octal,
        "the permissions of a file are octal, with or without a leading zero",
        "tests/unit/modules/test_service_files.py::test_modes_are_octal_with_and_without_a_leading_zero",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.\w+Probe\.httpGet\.port",
        expectations.port_of_the_scheme,
        "without a port Kubernetes refuses the pod",
        "tests/unit/modules/test_service.py::test_an_http_probe_without_a_port_asks_the_one_of_its_scheme",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.\w+Probe\.httpGet\.scheme",
        lambda difference, ours: difference.theirs is ABSENT and difference.ours == "HTTP",
        "what Kubernetes takes where none is given, written down",
        "tests/unit/modules/test_service.py::test_an_http_probe_without_a_port_asks_the_one_of_its_scheme",
    ),
    Rule(
        "kubernetes:*",
        r"metadata\.namespace",
        expectations.the_namespace,
        "an object belongs into the Namespace that is made",
        "tests/unit/compiler/test_namespace.py::test_everything_is_in_the_namespace_of_the_extension",
    ),
    Rule(
        "kubernetes:*",
        rf"({_TEMPLATE}\.)?metadata\.(labels|annotations)(\.|\[).*",
        expectations.of_the_application,
        "the ancestor reads no labels and annotations of an application",
        "tests/unit/compiler/test_labelling.py::test_labels_are_on_everything",
    ),
    Rule(
        "kubernetes:*",
        rf"(spec\.selector(\.matchLabels)?|metadata\.labels|{_TEMPLATE}\.metadata\.labels)\.accessory",
        expectations.prefixed,
        "with the same labels in two applications, the Services of one would lead to the pods of the other",
        "tests/unit/modules/test_inference.py::test_no_service_leads_to_anothers_pods",
        "the vectors' README: inference's names gain the application's; what selects by them follows",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.env\.(KUSION_DB|OPEN_SEARCH|INFERENCE)_\w+\..*",
        expectations.on_the_workload,
        "beside a file the ancestor does not know its own workload, and gives it nothing",
        "tests/unit/modules/test_service.py::test_is_marked_as_the_workload_also_beside_config_maps",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.env\.\w+\.(value|valueFrom\..*)",
        expectations.lifted,
        "a secret in a variable would be readable for everybody who may read the workload",
        "tests/unit/modules/test_postgres.py::test_outputs_lead_to_the_database",
        "DESIGN 8: such a string is lifted into a generated Secret",
    ),
    Rule(
        "kubernetes:core/v1:Secret",
        "",
        expectations.holds_what_is_lifted,
        "a secret in a variable would be readable for everybody who may read the workload",
        "tests/unit/modules/test_postgres.py::test_outputs_lead_to_the_database",
        "DESIGN 8: such a string is lifted into a generated Secret",
    ),
    Rule(
        "kubernetes:apps/v1:Deployment",
        rf"{_CONTAINER}\.env\.MYSQL_ROOT_PASSWORD\..*",
        expectations.of_a_generated_secret,
        "without a password of root, whoever the user is, the image refuses to start",
        "tests/unit/modules/test_mysql.py"
        "::test_with_another_user_root_has_a_password_too_since_the_image_would_not_start_without",
    ),
    Rule(
        "kubernetes:apps/v1:Deployment",
        rf"{_CONTAINER}\.command\[2\]",
        expectations.same_modelfile,
        "a quote too many ends the template; and what a text has in it is not for the shell to read",
        "tests/unit/modules/test_inference.py::test_texts_are_single_words_of_the_shell",
    ),
    Rule(
        "alicloud:rds/connection:Connection",
        "port",
        expectations.as_text,
        "the provider takes the port of a connection as text",
        f"{_DATABASE_TESTS}::test_a_public_address_of_postgres_has_its_port",
        "the vectors' README: the provider's schema wins",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        "accessPolicies",
        expectations.policy_document,
        "AWS takes a policy document",
        "tests/unit/modules/test_opensearch.py::test_an_access_policy_is_an_iam_policy_document",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        r"engineVersion|clusterConfig\.instanceType|ebsOptions\.(ebsEnabled|volumeSize)",
        expectations.unset,
        "what the platform does not set is left to AWS, which takes no empty type",
        "tests/unit/modules/test_opensearch.py::test_what_nobody_said_is_left_to_aws",
        "the vectors' README: the provider's schema wins",
    ),
    Rule(
        "aws:opensearch/domain:Domain",
        "",
        expectations.several_of_a_module,
        "the ancestor makes one of several accessories of a module, any of them",
        "tests/unit/modules/test_opensearch.py::test_two_domains_have_nothing_in_common",
    ),
    Rule(
        "kubernetes:*",
        rf"{_CONTAINER}\.env\.OPEN_SEARCH_\w+(\.\w+)?",
        expectations.several_of_a_module,
        "the ancestor makes one of several accessories of a module, any of them",
        "tests/unit/modules/test_opensearch.py::test_two_domains_have_nothing_in_common",
    ),
)

REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        "is made twice",
        "of two things under one id the ancestor keeps both, and one overwrites the other",
        "tests/unit/modules/test_service_secrets.py::test_one_secret_of_two_applications_is_an_error",
        "DESIGN 5: one id from two producers is an error naming both",
    ),
    Refusal(
        "looks like a credential in plain text",
        "the context is stored with every release",
        "tests/functional/test_wrong_workspaces.py::test_a_file_with_a_typo_is_not_taken",
        "DESIGN 8: credentials in the context must be references",
    ),
    Refusal(
        "is how the application's pods are found, and cannot be set",
        "with another label of this name the workload would not find its own pods",
        "tests/unit/modules/test_service.py::test_labels_that_select_pods_are_nobodys_to_set",
    ),
)
