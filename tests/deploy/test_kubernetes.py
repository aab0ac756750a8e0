"""The Kubernetes manifests: kinds and versions, and everything that one names another has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbgate import __version__
from dbgate.config.options import OPTIONS
from dbgate.config.settings import load
from tests.deploy.test_monitoring import exposed

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FOLDER = DEPLOY / "k8s"
KINDS = {
    "Namespace": "v1",
    "ConfigMap": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
}


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    """By kind and name, as kustomization.yaml lists them."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert listed["kind"] == "Kustomization" and listed["apiVersion"] == "kustomize.config.k8s.io/v1beta1"
    assert {path.name for path in FOLDER.iterdir()} == {"kustomization.yaml", *listed["resources"]}
    found = {}
    for name in listed["resources"]:
        one = yaml.safe_load((FOLDER / name).read_text())
        found[one["kind"], one["metadata"]["name"]] = one
    return found


def pod() -> dict[str, Any]:
    spec = manifests()["Deployment", "dbgate"]["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def settings() -> dict[str, str]:
    data = manifests()["ConfigMap", "dbgate-settings"]["data"]
    assert isinstance(data, dict)
    return data


def test_kinds_and_versions() -> None:
    found = manifests()
    assert {kind for kind, _ in found} == set(KINDS)
    for (kind, name), one in found.items():
        assert one["apiVersion"] == KINDS[kind], name
        assert set(one) <= {"apiVersion", "kind", "metadata", "spec", "data"}


def test_settings_are_the_gateways() -> None:
    assert set(settings()) <= {option.variable for option in OPTIONS}
    loaded = load({}, settings())
    assert loaded.warnings == ()
    (container,) = pod()["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"mysql": loaded.listen.port, "admin": loaded.admin_listen.port}
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    for path in (loaded.policy, loaded.audit_log, loaded.control_socket, loaded.policy_versions_folder):
        assert str(Path(path).parent) in mounts, path
    assert set(mounts.values()) == {volume["name"] for volume in pod()["volumes"]}
    maps = {name for kind, name in manifests() if kind == "ConfigMap"}
    assert container["envFrom"][0]["configMapRef"]["name"] in maps
    policy = next(volume for volume in pod()["volumes"] if volume["name"] == "policy")
    assert policy["configMap"]["name"] in maps


def test_there_is_time_to_drain() -> None:
    (container,) = pod()["containers"]
    wait = 5
    assert f"time.sleep({wait})" in container["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert pod()["terminationGracePeriodSeconds"] > wait + load({}, settings()).drain_timeout + 10


def test_probes() -> None:
    (container,) = pod()["containers"]
    for name, path in (
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ):
        probe = container[name]
        assert probe["httpGet"] == {"path": path, "port": "admin"}
        assert probe["timeoutSeconds"] >= 4  # /readyz may take a probe of the server, 3 s


def test_nothing_runs_as_root() -> None:
    (container,) = pod()["containers"]
    assert pod()["securityContext"]["runAsNonRoot"] and pod()["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_refers_to_the_pods_finds_them() -> None:
    found = manifests()
    mark = {"app.kubernetes.io/name": "dbgate"}
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    assert listed["labels"] == [{"pairs": mark, "includeSelectors": True}]
    assert found["Service", "dbgate"]["spec"]["selector"] == mark
    for kind, key in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        assert found[kind, "dbgate"]["spec"][key] == {"matchLabels": mark}
    assert found["Service", "dbgate"]["spec"]["ports"][0]["targetPort"] == "mysql"
    assert listed["images"] == [{"name": "dbgate", "newName": "dbgate", "newTag": __version__}]
    assert pod()["containers"][0]["image"] == "dbgate"


def test_the_autoscaler_counts_a_metric_that_there_is() -> None:
    spec = manifests()["HorizontalPodAutoscaler", "dbgate"]["spec"]
    assert "replicas" not in manifests()["Deployment", "dbgate"]["spec"]  # each apply would set it back
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "dbgate"}
    assert spec["metrics"][0]["pods"]["metric"]["name"] in exposed()
    assert spec["minReplicas"] > manifests()["PodDisruptionBudget", "dbgate"]["spec"]["minAvailable"]


def test_the_policy_is_the_sample() -> None:
    data = manifests()["ConfigMap", "dbgate-policy"]["data"]
    assert data == {"policy.yaml": (DEPLOY / "policy" / "policy.yaml").read_text()}


def test_kustomize_agrees() -> None:
    """kubectl's own kustomize: every resource, with the label where it must be, in the namespace."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed here")
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    built = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert sorted(one["kind"] for one in built) == sorted(kind for kind, _ in manifests())
    mark = {"app.kubernetes.io/name": "dbgate"}
    by_kind = {one["kind"]: one for one in built}
    deployment = by_kind["Deployment"]
    assert (
        deployment["spec"]["selector"]["matchLabels"]
        == deployment["spec"]["template"]["metadata"]["labels"]
        == mark
    )
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == f"dbgate:{__version__}"
    assert all(one["metadata"]["namespace"] == "dbgate" for one in built if one["kind"] != "Namespace")
    assert by_kind["Namespace"]["metadata"]["name"] == "dbgate"
